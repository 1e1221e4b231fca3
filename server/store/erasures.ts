/** Erasures that journals have to carry out, and which journals have done so. */
import type { Kysely, Transaction } from 'kysely'
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

/** The erasures that a journal has not carried out yet, at most 100. */
export async function pendingErasures(
  db: Kysely<Database>,
  journalId: string,
): Promise<{ id: string; spans: ErasedSpan[] }[]> {
  const done = await db.selectFrom('forgotten').select('erasure_id').where('journal_id', '=', journalId).execute()
  const known = new Set(done.map((row) => row.erasure_id))
  const ids = (await db.selectFrom('erasures').select('id').execute()).map((row) => row.id)
  const pending = ids.filter((id) => !known.has(id)).slice(0, 100)
  if (pending.length === 0) return []
  const rows = await db.selectFrom('erasures').select(['id', 'spans']).where('id', 'in', pending).execute()
  return rows.map((row) => ({ id: row.id, spans: decodeJson(row.spans) }))
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
