/** Which contacts exist, and what lists show of them. */
import type { Kysely } from 'kysely'
import { chunks } from './engine/many.ts'
import { decodeJson } from './schema/columns.ts'
import type { Database } from './schema.ts'

/** The fields of contacts that lists show. */
export async function loadContactCards(db: Kysely<Database>, ids: string[]) {
  const cards = new Map<string, { id: string; email: string | null; attributes: Record<string, unknown> }>()
  for (const part of chunks([...new Set(ids)], 500)) {
    const rows = await db
      .selectFrom('contacts')
      .select(['contact_id', 'email', 'attributes'])
      .where('contact_id', 'in', part)
      .where('erased_at', 'is', null)
      .execute()
    for (const row of rows) {
      const attributes = decodeJson(row.attributes)
      cards.set(row.contact_id, { id: row.contact_id, email: row.email, attributes })
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
