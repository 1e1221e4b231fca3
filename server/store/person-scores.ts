/** What is kept of customers' scores, one row a contact that has ever ordered. */
import type { Kysely, Transaction } from 'kysely'
import { contactPerson, type PersonId, personOf } from '../domain/ids.ts'
import { UNKNOWN_CURRENCY } from '../domain/money.ts'
import { PUBLISHED_COUNTING } from '../domain/scores/parameters.ts'
import type { ScoreVersion } from '../domain/scores/person-scores.ts'
import { standingOf } from '../domain/scores/standing.ts'
import { allBut, ofKeys, ofRows } from './engine/many.ts'
import type { PersonOrderRow, PersonScoreRow } from './schema/derived.ts'
import type { Database } from './schema.ts'

const upsert = ofRows((db, rows: PersonScoreRow[]) =>
  db
    .insertInto('person_scores')
    .values(rows)
    .onConflict((conflict) => conflict.column('person_id').doUpdateSet(allBut(rows, 'person_id'))),
)
const remove = ofKeys((db, personIds: PersonId[]) => db.deleteFrom('person_scores').where('person_id', 'in', personIds))

/** Computes the scores of the given persons again, from all of their orders: only contacts have scores. */
export async function refreshScores(
  trx: Transaction<Database>,
  personIds: PersonId[],
  orders: readonly PersonOrderRow[],
  { zone, scores: versions }: { zone: string; scores: readonly ScoreVersion[] },
  now: number,
): Promise<void> {
  const counting = { ...PUBLISHED_COUNTING, zone, currency: UNKNOWN_CURRENCY }
  const rows = [...Map.groupBy(orders, (order) => order.person_id)].flatMap(([id, own]) => {
    if (personOf(id).kind !== 'contact') return []
    const standing = standingOf(own, { versions, counting }, now)
    return standing === null ? [] : { person_id: id, ...standing }
  })
  await upsert(trx, rows)
  const present = new Set(rows.map((row) => row.person_id))
  await remove(
    trx,
    personIds.filter((id) => !present.has(id)),
  )
}

/** A page of rows in the order of persons. */
export async function pageOfScores(
  db: Kysely<Database>,
  after: PersonId | null,
  limit: number,
): Promise<PersonScoreRow[]> {
  return db
    .selectFrom('person_scores')
    .selectAll()
    .where('person_id', '>', after ?? contactPerson(''))
    .orderBy('person_id')
    .limit(limit)
    .execute()
}

/** How many customers there are. */
export async function countScored(db: Kysely<Database>): Promise<number> {
  const { count } = await db
    .selectFrom('person_scores')
    .select((eb) => eb.fn.countAll().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}
