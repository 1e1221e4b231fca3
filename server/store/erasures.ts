/** Erasures and withdrawals that journals have to carry out, and which journals have done so. */
import type { Kysely, Transaction } from 'kysely'
import { ofRows } from './engine/many.ts'
import { transact } from './engine/transact.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { ErasedSpan } from './schema/erasure.ts'
import type { Database } from './schema.ts'

/** Records what journals have to remove. */
export async function insertErasure(
  trx: Transaction<Database>,
  erasure: { id: string; at: number; spans: ErasedSpan[] },
): Promise<void> {
  await trx
    .insertInto('erasures')
    .values({ ...erasure, spans: encodeJson(erasure.spans) })
    .execute()
}

const upsertErasures = ofRows((db, rows: Database['erasures'][]) =>
  db
    .insertInto('erasures')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing()),
)

/** Records several, in the order of their ids; those that exist are kept. */
export async function insertErasures(trx: Transaction<Database>, erasures: Database['erasures'][]): Promise<void> {
  await upsertErasures(
    trx,
    erasures.sort((a, b) => (a.id < b.id ? -1 : 1)),
  )
}

/** How many erasures are worked on at once. */
const MOST = 500

/** The erasures noted after `since` that are not among the given ones, at most `MOST`. */
export async function pendingErasures(
  db: Kysely<Database>,
  since: number,
  carriedOut: ReadonlySet<string>,
): Promise<{ id: string; spans: ErasedSpan[] }[]> {
  const noted = await db.selectFrom('erasures').select('id').where('at', '>', since).execute()
  const pending = noted.flatMap(({ id }) => (carriedOut.has(id) ? [] : [id])).slice(0, MOST)
  if (pending.length === 0) return []
  const rows = await db.selectFrom('erasures').select(['id', 'spans']).where('id', 'in', pending).execute()
  return rows.map((row) => ({ id: row.id, spans: decodeJson(row.spans) }))
}

/** The erasures that a journal has carried out. */
export async function forgottenErasures(db: Kysely<Database>, journalId: string): Promise<string[]> {
  const rows = await db.selectFrom('forgotten').select('erasure_id').where('journal_id', '=', journalId).execute()
  return rows.map((row) => row.erasure_id)
}

/** How long it is known which journals have carried out an erasure: by then landed entries have left them all. */
const KEPT_MS = 3 * 24 * 3600_000
const REMOVED_AT_ONCE = 500

/** Removes erasures that are done with, among those that the caller's journal has carried out. Returns their ids. */
export async function removeOldErasures(
  db: Kysely<Database>,
  now: number,
  carriedOut: ReadonlySet<string>,
): Promise<string[]> {
  const old = await db
    .selectFrom('erasures')
    .select('id')
    .where('at', '<=', now - KEPT_MS)
    .orderBy('at')
    .limit(REMOVED_AT_ONCE)
    .execute()
  const ids = old.flatMap(({ id }) => (carriedOut.has(id) ? [id] : [])).sort()
  if (ids.length === 0) return []
  await transact(db, async (trx) => {
    await trx.deleteFrom('erasures').where('id', 'in', ids).execute()
    await trx.deleteFrom('forgotten').where('erasure_id', 'in', ids).execute()
  })
  return ids
}

/** Records that a journal has carried out erasures. */
export async function noteForgotten(
  db: Kysely<Database>,
  journalId: string,
  erasureIds: string[],
  at: number,
): Promise<void> {
  await db
    .insertInto('forgotten')
    .values([...erasureIds].sort().map((erasure_id) => ({ journal_id: journalId, erasure_id, at })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
