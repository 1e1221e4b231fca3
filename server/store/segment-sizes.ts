/**
 * How many enter and leave each segment by day, and by how many those who may be mailed become more. Sizes are the sums:
 * so what a day adds up to never changes later, whatever is deleted from the log.
 */
import type { Kysely, Transaction } from 'kysely'
import type { MembershipReason } from '../domain/membership.ts'
import { ofRows } from './engine/many.ts'
import type { SegmentSizeRow } from './schema/feed.ts'
import type { Database } from './schema.ts'

/** What happens to the size of a segment. */
export type SizeChange = Omit<SegmentSizeRow, 'day'>

const add = ofRows((db, rows: SegmentSizeRow[]) =>
  db
    .insertInto('segment_sizes')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['segment_id', 'day', 'reason']).doUpdateSet((eb) => ({
        entered: eb('segment_sizes.entered', '+', eb.ref('excluded.entered')),
        exited: eb('segment_sizes.exited', '+', eb.ref('excluded.exited')),
        mailable: eb('segment_sizes.mailable', '+', eb.ref('excluded.mailable')),
      })),
    ),
)

/**
 * Counts changes on a day (days since 1970, in the shop's zone). What was counted on later days, by a clock that ran ahead,
 * is moved to this one. Only the publisher may call it.
 */
export async function addSizes(trx: Transaction<Database>, changes: SizeChange[], day: number): Promise<void> {
  const ahead = await trx.deleteFrom('segment_sizes').where('day', '>', day).returningAll().execute()
  const sums = new Map<string, SegmentSizeRow>()
  for (const change of [...ahead, ...changes]) {
    const key = `${change.segment_id} ${change.reason}`
    const { segment_id, reason } = change
    const sum = sums.get(key) ?? { segment_id, day, reason, entered: 0, exited: 0, mailable: 0 }
    sum.entered += Number(change.entered)
    sum.exited += Number(change.exited)
    sum.mailable += Number(change.mailable)
    sums.set(key, sum)
  }
  await add(trx, [...sums.values()])
}

/** The size of a segment at the end of a day, and who entered and left on it, by reason. */
export type DaySize = {
  day: number
  people: number
  mailable: number
  entered: number
  left: number
  reasons: { entered: Reasons; left: Reasons }
}

type Reasons = Partial<Record<MembershipReason, number>>

/** The sizes of a segment on the days `from` to `to`, both included; today's as they are now. */
export async function readSizes(
  db: Kysely<Database>,
  segmentId: string,
  { from, to, today }: { from: number; to: number; today: number },
): Promise<DaySize[]> {
  const rows = await db
    .selectFrom('segment_sizes')
    .selectAll()
    .where('segment_id', '=', segmentId)
    // Days of a clock that ran ahead belong to today.
    .where('day', '<=', to < today ? to : Number.MAX_SAFE_INTEGER)
    .orderBy('day')
    .execute()
  const byDay = Map.groupBy(rows, (row) => Math.min(row.day, today))
  let people = 0
  let mailable = 0
  const count = (own: SegmentSizeRow[]) => {
    const reasons: DaySize['reasons'] = { entered: {}, left: {} }
    let [entered, left] = [0, 0]
    for (const row of own) {
      entered += row.entered
      left += row.exited
      mailable += row.mailable
      if (row.entered > 0) reasons.entered[row.reason] = row.entered
      if (row.exited > 0) reasons.left[row.reason] = row.exited
    }
    people += entered - left
    return { people, mailable, entered, left, reasons }
  }
  for (const [day, own] of byDay) if (day < from) count(own)
  const last = Math.min(to, today)
  return Array.from({ length: Math.max(0, last - from + 1) }, (_, i) => {
    const day = from + i
    return { day, ...count(byDay.get(day) ?? []) }
  })
}

/** The current sizes of all segments, by id. */
export async function readCurrentSizes(
  db: Kysely<Database>,
): Promise<Map<string, { people: number; mailable: number }>> {
  const rows = await db
    .selectFrom('segment_sizes')
    .select((eb) => [
      'segment_id',
      eb.fn.sum<number>('entered').as('entered'),
      eb.fn.sum<number>('exited').as('exited'),
      eb.fn.sum<number>('mailable').as('mailable'),
    ])
    .groupBy('segment_id')
    .execute()
  return new Map(
    rows.map((row) => [
      row.segment_id,
      { people: Number(row.entered) - Number(row.exited), mailable: Number(row.mailable) },
    ]),
  )
}
