/**
 * The rows that are derived from visitors and kept with persons (`person_days`, `visits`). A visitor's rows are replaced when
 * it is derived: what has not changed is not written, and what has moved to another person is deleted there.
 */
import type { Compilable, Transaction } from 'kysely'
import type { PersonId, VisitorId } from '../domain/ids.ts'
import { ofKeys, ofRows } from './engine/many.ts'
import type { Database } from './schema.ts'
import { PART_TABLES, type PartTable, TABLES } from './tables.ts'
import { partsOf } from './visitor-persons.ts'

/** The rows of each table for a batch of visitors. */
export type PartRows = { [T in PartTable]: Database[T][] }

/** A row of any of these tables. */
type Row = { [column: string]: string | number | null; visitor_id: string }

/** The statements that read, write and delete a table's rows. */
function statementsOf(table: PartTable) {
  const own: readonly string[] = TABLES[table].rebuilt.key
  const key = ['person_id', 'visitor_id', ...own]
  const deleteRows = ofKeys((db, personIds: PersonId[], ...values: (string | number | null)[]) => {
    const [visitorId, ...rest] = values
    let query = db
      .deleteFrom(table)
      .where('person_id', 'in', personIds)
      .where('visitor_id', '=', visitorId as VisitorId)
    for (const [i, value] of rest.entries()) {
      query = query.where(db.dynamic.ref<string>(own[i] ?? ''), '=', value)
    }
    return query
  })
  return {
    keyOf: (row: Row) => key.map((column) => row[column]).join('\n'),
    select: ofKeys((db, personIds: PersonId[]): Compilable<Row> => {
      return db.selectFrom(table).selectAll().where('person_id', 'in', personIds)
    }),
    upsert: ofRows((db, rows: Row[]) =>
      db
        .insertInto(table)
        .values(rows as never)
        .onConflict((conflict) =>
          conflict.columns(key as never).doUpdateSet((eb) => {
            const columns = Object.keys(rows[0] ?? {}).filter((column) => !key.includes(column))
            return Object.fromEntries(columns.map((column) => [column, eb.ref(`excluded.${column}` as never)]))
          }),
        ),
    ),
    removePart: ofKeys((db, personIds: PersonId[], visitorId: VisitorId) =>
      db.deleteFrom(table).where('person_id', 'in', personIds).where('visitor_id', '=', visitorId),
    ),
    remove: (trx: Transaction<Database>, row: Row) =>
      deleteRows(trx, [row.person_id as PersonId], row.visitor_id, ...own.map((column) => row[column] ?? null)),
    selectParts: ofKeys((db, personIds: PersonId[]) =>
      db.selectFrom(table).select(['person_id', 'visitor_id']).distinct().where('person_id', 'in', personIds),
    ),
  }
}

const STATEMENTS = new Map(PART_TABLES.map((table) => [table, statementsOf(table)]))

const partOf = (row: { person_id?: unknown; visitor_id: string }) => `${row.person_id} ${row.visitor_id}`

/** Replaces the rows of visitors that belonged to `before` so far by the next ones, and writes only the differences. */
export async function replaceParts(
  trx: Transaction<Database>,
  before: { person_id: PersonId; visitor_id: VisitorId }[],
  next: PartRows,
): Promise<void> {
  const parts = new Set(before.map(partOf))
  const persons = [...new Set(before.map((row) => row.person_id))]
  for (const [table, { keyOf, select, upsert, remove, removePart }] of STATEMENTS) {
    const rows: Row[] = next[table]
    const old = (await select(trx, persons)).filter((row) => parts.has(partOf(row)))
    const left = new Map(old.map((row) => [keyOf(row), row]))
    const changed = rows.filter((row) => {
      const was = left.get(keyOf(row))
      left.delete(keyOf(row))
      return !was || Object.keys(row).some((column) => row[column] !== was[column])
    })
    const kept = new Set(rows.map(partOf))
    const gone = Map.groupBy(left.values(), partOf)
    for (const [part, own] of gone) {
      const [first] = own
      if (first && !kept.has(part)) await removePart(trx, [first.person_id as PersonId], first.visitor_id)
      else for (const row of own) await remove(trx, row)
    }
    await upsert(trx, changed)
  }
}

/** Deletes the rows of persons that none of their visitors supports, which only damage to the store can leave. */
export async function removeStrayParts(trx: Transaction<Database>, personIds: PersonId[]): Promise<void> {
  const parts = new Set((await partsOf(trx, personIds)).map(partOf))
  for (const { selectParts, removePart } of STATEMENTS.values()) {
    for (const row of await selectParts(trx, personIds)) {
      if (!parts.has(partOf(row))) await removePart(trx, [row.person_id], row.visitor_id)
    }
  }
}
