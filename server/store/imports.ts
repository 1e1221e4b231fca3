/**
 * The history of imports, and what each changed. The changes are kept for 30 days: so long can an import be undone. They
 * are written in the transaction of the import itself.
 */
import type { Kysely, Transaction } from 'kysely'
import { chunksOf } from './engine/many.ts'
import { olderThan, type Position } from './newest-first.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { ContactRow, ImportChangeRow, ImportCountsJson, ImportRow, OrderRow } from './schema/contacts.ts'
import type { Database } from './schema.ts'

/** How long an import can be undone. */
export const UNDO_MS = 30 * 24 * 3600_000

/** An import that has not written for so long was cut short, by the end of its process. */
const SILENT_MS = 5 * 60_000

/** An import as it is listed. */
export type ImportEntry = Omit<ImportRow, 'counts' | 'report' | 'undone' | 'beat_at'> & {
  counts: ImportCountsJson
  report: Record<string, unknown>
  undone: Record<string, unknown> | null
}

/** Notes that an import has begun. */
export async function insertImport(
  db: Kysely<Database>,
  entry: Pick<ImportRow, 'id' | 'kind' | 'at' | 'actor' | 'file'>,
): Promise<void> {
  const counts = encodeJson({ created: 0, updated: 0, unchanged: 0, rejected: 0 })
  const row = { ...entry, beat_at: entry.at, state: 'running' as const, counts, report: encodeJson({}), undone: null }
  await db.insertInto('imports').values(row).execute()
}

/** Notes how far an import is, or how it ended. */
export async function updateImport(
  db: Kysely<Database>,
  id: string,
  now: number,
  { state, counts, report }: { state: ImportRow['state']; counts: ImportCountsJson; report: Record<string, unknown> },
): Promise<void> {
  await db
    .updateTable('imports')
    .set({ state, beat_at: now, counts: encodeJson(counts), report: encodeJson(report) })
    .where('id', '=', id)
    .execute()
}

/** Notes that an import was undone. */
export async function markUndone(db: Kysely<Database>, id: string, undone: Record<string, unknown>): Promise<void> {
  await db
    .updateTable('imports')
    .set({ undone: encodeJson(undone) })
    .where('id', '=', id)
    .execute()
}

/** Imports, the newest first, after a position. */
export async function listImports(
  db: Kysely<Database>,
  after: Position | null,
  limit: number,
  now: number,
): Promise<ImportEntry[]> {
  const rows = await db
    .selectFrom('imports')
    .selectAll()
    .where(olderThan(after))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => toEntry(row, now))
}

/** One import, or null. */
export async function findImport(db: Kysely<Database>, id: string, now: number): Promise<ImportEntry | null> {
  const row = await db.selectFrom('imports').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? null : toEntry(row, now)
}

function toEntry({ beat_at, ...row }: ImportRow, now: number): ImportEntry {
  return {
    ...row,
    state: row.state === 'running' && now - beat_at > SILENT_MS ? 'cut short' : row.state,
    counts: decodeJson(row.counts),
    report: decodeJson(row.report),
    undone: row.undone === null ? null : decodeJson(row.undone),
  }
}

/** Notes what rows were before an import changes them, in the transaction that does; of one changed twice, the first. */
export async function noteFormerRows(trx: Transaction<Database>, rows: ImportChangeRow[]): Promise<void> {
  for (const part of chunksOf(rows)) {
    await trx
      .insertInto('import_changes')
      .values(part)
      .onConflict((conflict) => conflict.columns(['item_id', 'import_id']).doNothing())
      .execute()
  }
}

/** The next rows that an import changed. */
export function importChanges(db: Kysely<Database>, importId: string, limit: number): Promise<ImportChangeRow[]> {
  return db
    .selectFrom('import_changes')
    .selectAll()
    .where('import_id', '=', importId)
    .orderBy('item_id')
    .limit(limit)
    .execute()
}

/** Removes changes that were undone, or cannot be. */
export async function dropImportChanges(
  trx: Transaction<Database>,
  importId: string,
  itemIds: string[],
): Promise<void> {
  await trx.deleteFrom('import_changes').where('import_id', '=', importId).where('item_id', 'in', itemIds).execute()
}

/** The next contacts that an import wrote last, by their id. */
export function contactsWrittenBy(
  db: Kysely<Database>,
  importId: string,
  after: string,
  limit: number,
): Promise<ContactRow[]> {
  return db
    .selectFrom('contacts')
    .selectAll()
    .where('import_id', '=', importId)
    .where('contact_id', '>', after)
    .orderBy('contact_id')
    .limit(limit)
    .execute()
}

/** The next orders that an import wrote last, by their id. */
export function ordersWrittenBy(
  db: Kysely<Database>,
  importId: string,
  after: string,
  limit: number,
): Promise<OrderRow[]> {
  return db
    .selectFrom('orders')
    .selectAll()
    .where('import_id', '=', importId)
    .where('order_id', '>', after)
    .orderBy('order_id')
    .limit(limit)
    .execute()
}

/** Removes up to `limit` changes of imports that can no longer be undone. Returns how many there were. */
export async function removeOldImportChanges(db: Kysely<Database>, now: number, limit: number): Promise<number> {
  const old = await db
    .selectFrom('import_changes')
    .select(['item_id', 'import_id'])
    .where('at', '<=', now - UNDO_MS)
    .orderBy('at')
    .limit(limit)
    .execute()
  for (const [importId, rows] of Map.groupBy(old, (row) => row.import_id)) {
    await db
      .deleteFrom('import_changes')
      .where('import_id', '=', importId)
      .where(
        'item_id',
        'in',
        rows.map((row) => row.item_id),
      )
      .execute()
  }
  return old.length
}
