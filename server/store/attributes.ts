/** The attributes that contacts have, with one type each for the whole installation. */
import type { Kysely, Transaction } from 'kysely'
import type { AttributeType } from '../domain/attribute.ts'
import { contactPerson } from '../domain/ids.ts'
import { markPersonsOf } from './contacts.ts'
import { chunksOf, ofKeys } from './engine/many.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { AttributeRow, ContactRow } from './schema/contacts.ts'
import type { Database } from './schema.ts'
import { lockKeys } from './work/locks.ts'

/** No installation has more attributes that mean something; beyond them values are kept as they come. */
export const MAX_ATTRIBUTES = 5000

const selectByKey = ofKeys((db, keys: string[]) =>
  db.selectFrom('attributes').selectAll().where('name_key', 'in', keys),
)

/** The attributes with these keys, by key. */
export async function findAttributes(db: Kysely<Database>, keys: string[]): Promise<Map<string, AttributeRow>> {
  return new Map((await selectByKey(db, [...new Set(keys)])).map((row) => [row.name_key, row]))
}

/** All attributes, by name. */
export function listAttributes(db: Kysely<Database>): Promise<AttributeRow[]> {
  return db.selectFrom('attributes').selectAll().orderBy('name_key').execute()
}

/** Adds attributes, unless they are known or there are too many. */
export async function addAttributes(trx: Transaction<Database>, rows: AttributeRow[]): Promise<void> {
  if (rows.length === 0) return
  const { known } = await trx
    .selectFrom('attributes')
    .select((eb) => eb.fn.countAll<number>().as('known'))
    .executeTakeFirstOrThrow()
  for (const part of chunksOf(rows.slice(0, Math.max(0, MAX_ATTRIBUTES - Number(known))))) {
    await trx
      .insertInto('attributes')
      .values(part)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
}

/** Notes that an import brought values of attributes. */
export async function noteAttributes(trx: Transaction<Database>, keys: string[], importId: string): Promise<void> {
  if (keys.length === 0) return
  await trx.updateTable('attributes').set({ import_id: importId }).where('name_key', 'in', keys).execute()
}

/** Gives an attribute a type, on somebody's word. */
export async function setAttributeType(
  db: Kysely<Database>,
  key: string,
  type: AttributeType,
  now: number,
): Promise<void> {
  await db.updateTable('attributes').set({ type, set_by: 'operator', at: now }).where('name_key', '=', key).execute()
}

/**
 * Replaces the attributes of contacts, and marks their persons. The caller holds the lock of contacts. Returns how many
 * contacts changed.
 */
export async function rewriteAttributes(
  trx: Transaction<Database>,
  ids: ContactRow['contact_id'][],
  rewrite: (attributes: Record<string, unknown>) => Record<string, unknown>,
): Promise<number> {
  const changed: ContactRow['contact_id'][] = []
  await lockKeys(trx, ids.map(contactPerson))
  const columns = ['contact_id', 'attributes', 'field_times'] as const
  for (const row of await trx.selectFrom('contacts').select(columns).where('contact_id', 'in', ids).execute()) {
    const before = decodeJson(row.attributes)
    const after = Object.fromEntries(Object.entries(rewrite(before)).sort(([a], [b]) => (a < b ? -1 : 1)))
    const attributes = encodeJson(after)
    if (attributes === row.attributes) continue
    changed.push(row.contact_id)
    // An attribute whose name changes keeps the time at which it was set.
    const times = decodeJson(row.field_times)
    const [gone, come] = [missingOf(before, after), missingOf(after, before)]
    const [from, to] = [gone[0], come[0]]
    if (from !== undefined && to !== undefined && times[`@${from}`] !== undefined) {
      times[`@${to}`] = times[`@${from}`] ?? 0
      delete times[`@${from}`]
    }
    await trx
      .updateTable('contacts')
      .set({ attributes, field_times: encodeJson(times) })
      .where('contact_id', '=', row.contact_id)
      .execute()
  }
  await markPersonsOf(trx, changed)
  return changed.length
}

/** The names of the first that the second has not. */
function missingOf(a: Record<string, unknown>, b: Record<string, unknown>): string[] {
  return Object.keys(a).filter((name) => !Object.hasOwn(b, name))
}

/** The files of imports, by id. */
export async function filesOf(db: Kysely<Database>, importIds: string[]): Promise<Map<string, string | null>> {
  return new Map((await selectFiles(db, importIds)).map((row) => [row.id, row.file]))
}

const selectFiles = ofKeys((db, ids: string[]) =>
  db.selectFrom('imports').select(['id', 'file']).where('id', 'in', ids),
)

const PAGE = 1000

/** The attributes of all contacts that are not erased, page by page. */
export async function* contactAttributes(
  db: Kysely<Database>,
): AsyncGenerator<{ id: ContactRow['contact_id']; attributes: Record<string, unknown> }[]> {
  let after = ''
  for (;;) {
    const rows = await db
      .selectFrom('contacts')
      .select(['contact_id', 'attributes'])
      .where('contact_id', '>', after as ContactRow['contact_id'])
      .where('erased_at', 'is', null)
      .orderBy('contact_id')
      .limit(PAGE)
      .execute()
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.contact_id
    yield rows.map((row) => ({ id: row.contact_id, attributes: decodeJson(row.attributes) }))
  }
}
