/** Who is in which of several segments at once. */
import type { Kysely } from 'kysely'
import type { Database } from '../store/schema.ts'

/** The persons of a combination of segments. */
type Count = { people: number; mailable: number }

/**
 * A combination of the given segments. `exactly`: those who are in these and in none of the others; `together`: those who
 * are in these, and may be in others.
 */
export type Combination = { segments: string[]; exactly: Count; together: Count }

/** Counts the persons in each combination of two or three segments, the smallest combinations first. */
export async function countOverlap(db: Kysely<Database>, segmentIds: readonly string[]): Promise<Combination[]> {
  const memberships = db
    .selectFrom('segment_members')
    .select((eb) => [
      'person_id',
      eb.fn.max('mailable').as('mailable'),
      ...segmentIds.map((id, i) => {
        return eb.fn
          .max<number>(eb.case().when('segment_id', '=', id).then(eb.lit(1)).else(eb.lit(0)).end())
          .as(`in_${i}`)
      }),
    ])
    .where('segment_id', 'in', segmentIds)
    .groupBy('person_id')
    .as('memberships')
  const flags = segmentIds.map((_, i) => db.dynamic.ref<string>(`in_${i}`))
  const rows: Record<string, unknown>[] = await db
    .selectFrom(memberships)
    .select((eb) => [eb.fn.countAll<number>().as('people'), eb.fn.sum<number>('mailable').as('mailable')])
    .select(flags)
    .groupBy(flags)
    .execute()
  const found = rows.map((row) => ({
    segments: segmentIds.filter((_, i) => Number(row[`in_${i}`]) === 1),
    people: Number(row.people),
    mailable: Number(row.mailable),
  }))
  return subsetsOf(segmentIds).map((segments) => {
    const holds = found.filter((row) => segments.every((id) => row.segments.includes(id)))
    return {
      segments,
      exactly: sum(holds.filter((row) => row.segments.length === segments.length)),
      together: sum(holds),
    }
  })
}

function sum(counts: Count[]): Count {
  return counts.reduce(
    (all, { people, mailable }) => ({ people: all.people + people, mailable: all.mailable + mailable }),
    {
      people: 0,
      mailable: 0,
    },
  )
}

/** All subsets of a short list but the empty one, the smallest first, each in the order of the list. */
function subsetsOf(list: readonly string[]): string[][] {
  const numbers = Array.from({ length: 2 ** list.length - 1 }, (_, i) => i + 1)
  const all = numbers.map((number) => list.filter((_, i) => Math.floor(number / 2 ** i) % 2 === 1))
  return all.sort((a, b) => a.length - b.length)
}
