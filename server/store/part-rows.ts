/**
 * The rows that are derived from visitors and kept with persons (`person_days`, `visits`). A visitor's rows are replaced when
 * it is derived: what has not changed is not written, and what has moved to another person is deleted there.
 */
import type { Compilable, Transaction } from 'kysely'
import type { PersonId, VisitorId } from '../domain/ids.ts'
import { mustGet } from '../domain/lookup.ts'
import { allBut, ofKeys, ofRows } from './engine/many.ts'
import type { PersonDayRow, VisitRow } from './schema/behaviour.ts'
import type { VisitorDayRow } from './schema/derived.ts'
import type { Database } from './schema.ts'
import { PART_TABLES, type PartTable, TABLES } from './tables.ts'
import { partsOf } from './visitor-persons.ts'

/** A day of a visitor: its rows in `person_days`, whose persons these are, and a digest that tells whether they have changed. */
export type PartDay = {
  visitor_id: VisitorId
  day: number
  digest: string
  persons: ReadonlySet<PersonId>
  rows: () => PersonDayRow[]
}

/** The rows for a batch of visitors. */
export type PartRows = { days: PartDay[]; visits: VisitRow[] }

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
        .onConflict((conflict) => conflict.columns(key as never).doUpdateSet(allBut(rows, ...key))),
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

const STATEMENTS = new Map<PartTable, ReturnType<typeof statementsOf>>(
  PART_TABLES.map((table) => [table, statementsOf(table)]),
)

const partOf = (row: { person_id?: unknown; visitor_id: string }) => `${row.person_id} ${row.visitor_id}`

/** What a batch of visitors was so far: their persons, their days, and those of which nothing that is stored is relied on. */
export type PartsBefore = {
  parts: { person_id: PersonId; visitor_id: VisitorId }[]
  days: Pick<VisitorDayRow, 'visitor_id' | 'day' | 'digest'>[]
  remade: ReadonlySet<string>
}

/** Replaces the rows of visitors by the next ones, and writes only the differences. */
export async function replaceParts(trx: Transaction<Database>, before: PartsBefore, next: PartRows): Promise<void> {
  const parts = new Set(before.parts.map(partOf))
  const persons = [...new Set(before.parts.map((row) => row.person_id))]
  const visits = mustGet(STATEMENTS, 'visits')
  const oldVisits = (await visits.select(trx, persons)).filter((row) => parts.has(partOf(row)))
  await replaceRows(trx, visits, oldVisits, next.visits, new Set(next.visits.map(partOf)))
  await replaceDays(trx, before, next.days)
}

/** Replaces the rows of the days that have changed: most days of a long history have not. */
async function replaceDays(
  trx: Transaction<Database>,
  { parts, days, remade }: PartsBefore,
  next: PartDay[],
): Promise<void> {
  const table = mustGet(STATEMENTS, 'person_days')
  const dayOf = (row: { visitor_id: string; day: unknown }) => `${row.visitor_id} ${row.day}`
  const digests = new Map(days.map((row) => [dayOf(row), row.digest]))
  const changed = next.filter((day) => remade.has(day.visitor_id) || digests.get(dayOf(day)) !== day.digest)
  const staying = new Set(next.map(dayOf))
  const ended = days.filter((row) => !staying.has(dayOf(row)))
  const touched = new Set([...changed, ...ended].map(dayOf))
  const visitors = new Set([...remade, ...[...changed, ...ended].map((row) => row.visitor_id)])
  const own = parts.filter((row) => visitors.has(row.visitor_id))
  const known = new Set(own.map(partOf))
  const from = remade.size > 0 ? Number.MIN_SAFE_INTEGER : Math.min(...[...changed, ...ended].map((row) => row.day))
  const persons = [...new Set(own.map((row) => row.person_id))]
  const rows: Row[] = await selectDays(trx, persons, from)
  const old = rows.filter((row) => {
    return known.has(partOf(row)) && (remade.has(row.visitor_id) || touched.has(`${row.visitor_id} ${row.day}`))
  })
  const kept = new Set(next.flatMap((day) => [...day.persons].map((person) => `${person} ${day.visitor_id}`)))
  await replaceRows(
    trx,
    table,
    old,
    changed.flatMap((day) => day.rows()),
    kept,
  )
}

const selectDays = ofKeys((db, personIds: PersonId[], from: number) =>
  db.selectFrom('person_days').selectAll().where('person_id', 'in', personIds).where('day', '>=', from),
)

/** Replaces old rows; `kept` are the parts of which rows stay. */
async function replaceRows(
  trx: Transaction<Database>,
  { keyOf, upsert, remove, removePart }: ReturnType<typeof statementsOf>,
  old: Row[],
  next: Row[],
  kept: ReadonlySet<string>,
): Promise<void> {
  const left = new Map(old.map((row) => [keyOf(row), row]))
  const changed = next.filter((row) => {
    const was = left.get(keyOf(row))
    left.delete(keyOf(row))
    return !was || Object.keys(row).some((column) => row[column] !== was[column])
  })
  for (const [part, rows] of Map.groupBy(left.values(), partOf)) {
    const [first] = rows
    if (first && !kept.has(part)) await removePart(trx, [first.person_id as PersonId], first.visitor_id)
    else for (const row of rows) await remove(trx, row)
  }
  await upsert(trx, changed)
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
