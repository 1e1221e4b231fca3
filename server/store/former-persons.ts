/**
 * Persons whose texts were written before version 009 of the schema. They are moved to the current texts together with
 * everything that lists read, so that readers find each person exactly once throughout the upgrade; events follow when
 * their visitors are derived again.
 */
import type { Kysely, Transaction } from 'kysely'
import { FORMER_TEXTS, type PersonId, renewed, type VisitorId } from '../domain/ids.ts'
import { ofKeys, ofRows } from './engine/many.ts'
import { renameMembers } from './memberships.ts'
import type { PersonRow } from './schema/derived.ts'
import type { Database } from './schema.ts'
import { bucketOf } from './work/buckets.ts'

/** Up to `limit` persons under a former text, in order, after `after`. */
export async function listFormerPersons(db: Kysely<Database>, after: PersonId, limit: number): Promise<PersonId[]> {
  const rows = await db
    .selectFrom('persons')
    .select('person_id')
    .where('person_id', '>', after)
    .where('person_id', 'like', FORMER_TEXTS.like)
    .where('person_id', 'not like', FORMER_TEXTS.notLike)
    .orderBy('person_id')
    .limit(limit)
    .execute()
  return rows.map((row) => row.person_id)
}

/** Tables that name persons but are distributed by visitor, so the person can be updated in place. */
const ON_VISITORS = ['visitor_persons', 'carts', 'purchases'] as const

const selectOnVisitors = ON_VISITORS.map((table) => {
  const select = ofKeys((db, persons: PersonId[]) =>
    db.selectFrom(table).select(['visitor_id', 'person_id']).where('person_id', 'in', persons),
  )
  return { table, select }
})
const selectPersons = ofKeys((db, persons: PersonId[]) =>
  db.selectFrom('persons').selectAll().where('person_id', 'in', persons),
)
const insertPersons = ofRows((db, rows: PersonRow[]) =>
  db
    .insertInto('persons')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing()),
)
const removePersons = ofKeys((db, persons: PersonId[]) => db.deleteFrom('persons').where('person_id', 'in', persons))

/** Moves persons to the current texts, with their memberships, carts and purchases. */
export async function renewPersons(trx: Transaction<Database>, formers: PersonId[]): Promise<void> {
  const visitors = new Map<PersonId, VisitorId>()
  for (const { table, select } of selectOnVisitors) {
    const rows = await select(trx, formers)
    for (const { visitor_id, person_id } of rows) {
      const other = visitors.get(person_id)
      // A later epoch of one visitor and the first of another could share a text; only the former was a person under it.
      if (other === undefined || visitor_id.length < other.length) visitors.set(person_id, visitor_id)
    }
    const found = new Map(rows.map((row) => [`${row.visitor_id} ${row.person_id}`, row]))
    for (const { visitor_id, person_id } of found.values()) {
      await trx
        .updateTable(table)
        .set({ person_id: renewed(person_id, visitor_id) })
        .where('visitor_id', '=', visitor_id)
        .where('person_id', '=', person_id)
        .execute()
    }
  }
  const current = (former: PersonId) => renewed(former, visitors.get(former) ?? null)
  // Citus does not allow updates of the distribution column.
  const persons = await selectPersons(trx, formers)
  await removePersons(trx, formers)
  await insertPersons(
    trx,
    persons.map((row) => ({ ...row, person_id: current(row.person_id), bucket: bucketOf(current(row.person_id)) })),
  )
  await renameMembers(trx, formers, current)
}
