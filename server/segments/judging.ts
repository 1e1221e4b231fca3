/** The segments for which all persons are being re-evaluated, and the progress; the steps are in `judging-step`. */
import type { Kysely, Transaction } from 'kysely'
import { storedPerson } from '../domain/ids.ts'
import type { Database } from '../store/schema.ts'
import { BUCKETS } from '../store/work/buckets.ts'

/** How many of the persons have been evaluated for a segment. */
export type Progress = { done: number; total: number }

/** Starts evaluating all persons by a version of a segment; one in progress starts over. */
export async function beginJudging(trx: Transaction<Database>, segmentId: string, version: number): Promise<void> {
  const { total } = await trx
    .selectFrom('persons')
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  const start = { version, after: storedPerson(''), judged: 0, total: Number(total) }
  await trx
    .insertInto('segment_judging')
    .values(Array.from({ length: BUCKETS }, (_, bucket) => ({ segment_id: segmentId, bucket, ...start })))
    .onConflict((conflict) => conflict.columns(['segment_id', 'bucket']).doUpdateSet(start))
    .execute()
}

/** The segments being evaluated for all persons, including deleted ones until their members are removed. */
export async function judgingProgress(db: Kysely<Database>): Promise<Map<string, Progress>> {
  const rows = await db
    .selectFrom('segment_judging')
    .select((eb) => [
      'segment_id',
      eb.fn.sum<number>('judged').as('judged'),
      eb.fn.max<number>('total').as('total'),
      eb.fn.count<number>('after').as('open'),
    ])
    .groupBy('segment_id')
    .execute()
  return new Map(
    rows
      .filter((row) => Number(row.open) > 0)
      .map((row) => {
        const total = Number(row.total)
        return [row.segment_id, { done: Math.min(Number(row.judged), total), total }]
      }),
  )
}
