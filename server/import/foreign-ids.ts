/**
 * Whether the ids of a file are the CRM's. A mail tool exports its own numbers, and such a number may be somebody else's id
 * in the CRM: the import then stops and asks, and has kept nothing but refusals.
 */
import type { Kysely } from 'kysely'
import { existingContacts } from '../store/contact-cards.ts'
import { holdersOf, type KeysOf } from '../store/contacts.ts'
import { chunks } from '../store/engine/many.ts'
import type { Database } from '../store/schema.ts'
import { addressKey } from './addresses.ts'
import { ImportRefusal } from './columns.ts'
import { plain } from './heading.ts'

/** The ids and addresses of a file's first rows. */
export type IdSample = { heading: string; pairs: { id: string; email: string }[] }

/** Headings of the numbers that mail tools give their subscribers. */
const FOREIGN = new Set([
  ...[
    'subscriber id',
    'subscriber key',
    'subscriberid',
    'euid',
    'leid',
    'record id',
    'profile id',
    'klaviyo id',
    'person id',
  ],
  ...[
    'member id',
    'mailchimp id',
    'hubspot id',
    'brevo id',
    'list id',
    'unique id',
    'vid',
    'hs object id',
    'recipient id',
  ],
])

/** Refuses a file whose ids are another system's: most of its known addresses or ids belong to somebody else. */
export async function refuseForeignIds(db: Kysely<Database>, keysOf: KeysOf, sample: IdSample): Promise<void> {
  const { heading, pairs } = sample
  let [known, elsewhere, others] = [0, 0, 0]
  for (const part of chunks(pairs, 500)) {
    const keys = part.map(({ email }) => addressKey(keysOf, email))
    const holders = await holdersOf(
      db,
      keys.filter((key) => key !== null),
    )
    const existing = await existingContacts(
      db,
      part.map(({ id }) => id),
    )
    const addressed = await haveAddress(db, [...existing])
    for (const [i, { id }] of part.entries()) {
      const holding = holders.get(keys[i] ?? '') ?? []
      if (holding.length === 0 && !existing.has(id)) continue
      known++
      if (holding.includes(id)) continue
      if (holding.length > 0) elsewhere++
      else if (addressed.has(id)) others++
    }
  }
  const count = elsewhere + others
  // One customer of the CRM may have a new address, or a second record.
  const least = FOREIGN.has(plain(heading)) ? 1 : 2
  if (count < least || count * 2 <= known) return
  throw new ImportRefusal(
    'foreign_ids',
    `the ids in "${heading}" seem to be another system's: of ${known} known rows, ${elsewhere} have an address that is known ` +
      `under another id, and ${others} an id that belongs to another address. Only refusals of mail were kept. Import again with ` +
      'match=email to find contacts by their address, or with match=id if the ids are right',
  )
}

async function haveAddress(db: Kysely<Database>, ids: string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await db
    .selectFrom('contacts')
    .select('contact_id')
    .where('contact_id', 'in', ids)
    .where((eb) => eb.or([eb('email', 'is not', null), eb('email_sha256', 'is not', null)]))
    .execute()
  return new Set(rows.map((row) => row.contact_id))
}
