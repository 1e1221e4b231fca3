/** Which contacts the CRM has merged, and the contact that survives each merge. */
import type { Kysely } from 'kysely'
import { ofKeys } from './engine/many.ts'
import type { Database } from './schema.ts'

const selectContacts = ofKeys((db, contactIds) =>
  db
    .selectFrom('contacts')
    .select(['contact_id', 'imported_at', 'erased_at', 'minor', 'mail_consent', 'merged_into'])
    .where('contact_id', 'in', contactIds),
)
const selectMerged = ofKeys((db, contactIds) =>
  db.selectFrom('contacts').select('contact_id').where('merged_into', 'in', contactIds),
)

type Row = Pick<
  Database['contacts'],
  'contact_id' | 'imported_at' | 'erased_at' | 'minor' | 'mail_consent' | 'merged_into'
>

/** These contacts and all that the CRM has merged with them, in either direction and over any number of steps. */
export async function loadFamily(db: Kysely<Database>, ids: string[]): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>()
  for (let next = ids; next.length > 0; ) {
    const found = await selectContacts(db, next)
    for (const row of found) rows.set(row.contact_id, row)
    const up = found.flatMap((row) => row.merged_into ?? [])
    const down = (await selectMerged(db, next)).map((row) => row.contact_id)
    next = [...new Set([...up, ...down])].filter((id) => !rows.has(id))
  }
  return rows
}

/** The ids of a family. */
export async function familyOf(db: Kysely<Database>, ids: string[]): Promise<string[]> {
  return [...new Set([...ids, ...(await loadFamily(db, ids)).keys()])]
}

/** The contact that survives merging. A chain stops before a contact that does not exist; in a cycle, it is the contact itself. */
export function survivor(rows: Map<string, Row>, id: string): string {
  const seen = new Set<string>()
  let current = id
  while (!seen.has(current)) {
    seen.add(current)
    const next = rows.get(current)?.merged_into
    if (!next || !rows.has(next)) return current
    current = next
  }
  return id
}

/** The surviving contact of each of these contacts and of all contacts merged with them, by id. */
export async function survivorsOf(db: Kysely<Database>, ids: string[]): Promise<Map<string, string>> {
  const rows = await loadFamily(db, ids)
  return new Map([...rows.keys()].map((id) => [id, survivor(rows, id)]))
}
