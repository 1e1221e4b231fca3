/**
 * Finds contacts by their id, their address or their name. An id and an address are looked up; names are searched a bounded
 * number of contacts at a time, so that no search holds up the store, and the next page goes on where one stopped.
 */
import { type Kysely, sql } from 'kysely'
import { normaliseEmail } from '../domain/identifier.ts'
import type { KeysOf } from './contacts.ts'
import type { ContactRow } from './schema/contacts.ts'
import type { Database } from './schema.ts'

/** What a search shows of a contact. */
export type FoundContact = Pick<
  ContactRow,
  'contact_id' | 'email' | 'phone' | 'attributes' | 'mail_consent' | 'merged_into' | 'updated_at'
>

const COLUMNS = ['contact_id', 'email', 'phone', 'attributes', 'mail_consent', 'merged_into', 'updated_at'] as const

/** How many contacts a page reads, which takes a tenth of a second. */
const SCANNED = 50_000

/** The most words of a name. */
const MAX_WORDS = 5

/** Contacts after `after` that a text names, at most `limit`, and where the next page begins; null at the end. */
export async function searchContacts(
  db: Kysely<Database>,
  text: string,
  after: string,
  limit: number,
  keysOf: KeysOf,
): Promise<{ rows: FoundContact[]; next: string | null }> {
  const q = text.trim()
  if (after === '') {
    const exact = await byIdOrAddress(db, q, keysOf)
    if (exact.length > 0) return { rows: exact.slice(0, limit), next: null }
  }
  const ids = await db
    .selectFrom('contacts')
    .select('contact_id')
    .where('contact_id', '>', after)
    .orderBy('contact_id')
    .offset(SCANNED - 1)
    .limit(1)
    .execute()
  const end = ids[0]?.contact_id ?? null
  let query = db
    .selectFrom('contacts')
    .select(COLUMNS)
    .where('contact_id', '>', after)
    .where('erased_at', 'is', null)
    .orderBy('contact_id')
    .limit(limit + 1)
  if (end !== null) query = query.where('contact_id', '<=', end)
  for (const word of q.split(/\s+/, MAX_WORDS)) {
    // SQLite knows the cases of ASCII only.
    const ways = [...new Set([word.toLowerCase(), word.toUpperCase(), capitalised(word)])]
    query = query.where((eb) =>
      eb.or(
        ways.flatMap((way) => [
          sql<boolean>`lower(contact_id) like lower(${`%${escaped(way)}%`}) escape '!'`,
          sql<boolean>`lower(coalesce(email, '')) like lower(${`%${escaped(way)}%`}) escape '!'`,
          sql<boolean>`lower(attributes) like lower(${`%${escaped(JSON.stringify(way).slice(1, -1))}%`}) escape '!'`,
        ]),
      ),
    )
  }
  const rows = await query.execute()
  if (rows.length > limit) return { rows: rows.slice(0, limit), next: rows[limit - 1]?.contact_id ?? null }
  return { rows, next: end }
}

async function byIdOrAddress(db: Kysely<Database>, q: string, keysOf: KeysOf): Promise<FoundContact[]> {
  const keys = q.includes('@') ? keysOf({ id: q, email: normaliseEmail(q), emailSha256: null }) : []
  const held =
    keys.length === 0
      ? []
      : await db.selectFrom('contact_keys').select('contact_id').where('key_hash', 'in', keys).execute()
  return db
    .selectFrom('contacts')
    .select(COLUMNS)
    .where('contact_id', 'in', [...new Set([q, ...held.map((row) => row.contact_id)])])
    .where('erased_at', 'is', null)
    .orderBy('contact_id')
    .execute()
}

function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()
}

function escaped(text: string): string {
  return text.replace(/[!%_]/g, '!$&')
}
