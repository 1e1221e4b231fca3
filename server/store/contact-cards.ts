/** Which contacts exist, and what lists show of them. */
import type { Kysely } from 'kysely'
import { chunks } from './engine/many.ts'
import { decodeJson } from './schema/columns.ts'
import type { ContactRow } from './schema/contacts.ts'
import type { Database } from './schema.ts'

/** What a list shows of a contact, and whether the contact may be mailed. */
export type ContactCard = { id: string; attributes: Record<string, unknown> } & Pick<
  ContactRow,
  'email' | 'mail_consent' | 'minor'
>

/** The fields of contacts that lists show. */
export async function loadContactCards(db: Kysely<Database>, ids: string[]): Promise<Map<string, ContactCard>> {
  const cards = new Map<string, ContactCard>()
  for (const part of chunks([...new Set(ids)], 500)) {
    const rows = await db
      .selectFrom('contacts')
      .select(['contact_id', 'email', 'attributes', 'mail_consent', 'minor'])
      .where('contact_id', 'in', part)
      .where('erased_at', 'is', null)
      .execute()
    for (const { contact_id: id, attributes, ...row } of rows) {
      cards.set(id, { id, attributes: decodeJson(attributes), ...row })
    }
  }
  return cards
}

/** Which of these ids belong to contacts that exist and were not erased. */
export async function existingContacts(db: Kysely<Database>, ids: string[]): Promise<Set<string>> {
  const found = new Set<string>()
  for (const part of chunks([...new Set(ids)], 500)) {
    const rows = await db
      .selectFrom('contacts')
      .select('contact_id')
      .where('contact_id', 'in', part)
      .where('erased_at', 'is', null)
      .execute()
    for (const row of rows) found.add(row.contact_id)
  }
  return found
}
