/**
 * Re-evaluates all persons after a definition was added, changed or deleted: a limited number of persons per step, in the
 * deriving loop. The store holds the progress by bucket, so it continues after a restart, and several processes can work
 * at the same time, each on the buckets it owns.
 *
 * Only the process that owns a person's bucket writes the person's memberships, one transaction at a time. Results of the
 * previous definition are therefore overwritten here, even those that were about to be written when it changed.
 */
import type { Kysely, NotNull, Transaction } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import type { Database } from '../store/schema.ts'
import { BUCKETS } from '../store/work/buckets.ts'
import { judge } from './evaluate.ts'
import { advanceEdges, writeMembers } from './members.ts'
import { readRules } from './rules.ts'

/** Persons to evaluate for some segments: those in the buckets whose id is after `after` and, if set, at most `until`. */
type Part = {
  segments: { id: string; version: number }[]
  buckets: number[]
  after: PersonId
  until: PersonId | null
}

/**
 * The next part in the given buckets (null: in all), or null. What has come equally far advances together, buckets and
 * segments, so that each person is loaded once for all of them; what lags behind goes first, so that all of it meets again.
 */
async function nextPart(db: Kysely<Database>, buckets: readonly number[] | null): Promise<Part | null> {
  const open = await db
    .selectFrom('segment_judging')
    .select(['segment_id', 'version', 'bucket', 'after'])
    .where('after', 'is not', null)
    .$call((query) => (buckets === null ? query : query.where('bucket', 'in', buckets)))
    .orderBy('after')
    .orderBy('segment_id')
    .orderBy('bucket')
    .$narrowType<{ after: NotNull }>()
    .execute()
  const [first] = open
  if (first === undefined) return null
  const { after } = first
  const last = open.filter((row) => row.after === after)
  const bucketsOf = (rows: typeof last) => rows.map((row) => row.bucket)
  const own = bucketsOf(last.filter((row) => row.segment_id === first.segment_id))
  const together = [...Map.groupBy(last, (row) => row.segment_id)].flatMap(([id, rows]) => {
    const [row] = rows
    return row !== undefined && String(bucketsOf(rows)) === String(own) ? { id, version: row.version } : []
  })
  const ids = new Set(together.map(({ id }) => id))
  return {
    ...{ segments: together, buckets: own, after },
    until: open.find((row) => row.after !== after && ids.has(row.segment_id))?.after ?? null,
  }
}

/** Whether any persons in the given buckets wait to be evaluated. */
export async function hasJudging(db: Kysely<Database>, buckets: readonly number[] | null): Promise<boolean> {
  return (await nextPart(db, buckets)) !== null
}

/** Evaluates up to `limit` persons in the given buckets, and returns those whose membership has changed. */
export async function judgingStep(
  trx: Transaction<Database>,
  buckets: readonly number[] | null,
  now: number,
  limit: number,
): Promise<PersonId[]> {
  const part = await nextPart(trx, buckets)
  if (part === null) return []
  const persons = await personsOf(trx, part, limit)
  const ids = part.segments.map(({ id }) => id)
  const judged = await judge(trx, await readRules(trx), ids, now, persons)
  const changed = await writeMembers(trx, persons, judged.verdicts, now, () => 'definition')
  await advanceEdges(trx, judged)
  const after = persons.length < limit ? part.until : (persons.at(-1) ?? null)
  for (const segment of part.segments) await savePosition(trx, part, segment, after, persons.length)
  return [...new Set(changed)]
}

async function personsOf(db: Kysely<Database>, part: Part, limit: number): Promise<PersonId[]> {
  const rows = await db
    .selectFrom('persons')
    .select('person_id')
    .where('person_id', '>', part.after)
    .$call((query) => (part.until === null ? query : query.where('person_id', '<=', part.until)))
    .$call((query) => (part.buckets.length === BUCKETS ? query : query.where('bucket', 'in', part.buckets)))
    .orderBy('person_id')
    .limit(limit)
    .execute()
  return rows.map((row) => row.person_id)
}

/** Saves the position of the buckets, unless the definition has changed in the meantime: then they start over. */
async function savePosition(
  trx: Transaction<Database>,
  { buckets }: Part,
  segment: Part['segments'][number],
  after: PersonId | null,
  judged: number,
): Promise<void> {
  await trx
    .updateTable('segment_judging')
    .set((eb) => ({
      after,
      judged: eb(
        'judged',
        '+',
        eb
          .case()
          .when('bucket', '=', Math.min(...buckets))
          .then(judged)
          .else(0)
          .end(),
      ),
    }))
    .where('segment_id', '=', segment.id)
    .where('version', '=', segment.version)
    .where('bucket', 'in', buckets)
    .execute()
  if (after !== null) return
  await trx
    .deleteFrom('segment_judging')
    .where('segment_id', '=', segment.id)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('segment_judging as other')
            .select('other.bucket')
            .where('other.segment_id', '=', segment.id)
            .where('other.after', 'is not', null),
        ),
      ),
    )
    .execute()
}
