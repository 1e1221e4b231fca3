/**
 * Writes what is derived of visitors, and deletes those that are gone. Both tell the persons and visitors that depend
 * on it, in the same transaction, and lock what others go by to find them (`locks`).
 */
import type { Compilable, Transaction } from 'kysely'
import { contactPerson, contactsAmong, type PersonId, type VisitorId } from '../domain/ids.ts'
import { namingsOf, visitorsNamingAfter } from './claim-keys.ts'
import { ofKeys, ofRows } from './engine/many.ts'
import type { Database } from './schema.ts'
import { DELETED_WITH_VISITOR, TABLES, VISITOR_TABLES, type VisitorTable } from './tables.ts'
import { tokensOf, visitorsOfTokens } from './token-uses.ts'
import { keptParts, withOwn } from './visitor-persons.ts'
import { clearMarks, isOfRebuild, type Mark, mark } from './work/dirty.ts'
import { lockNamed } from './work/locks.ts'

/**
 * What is derived of a batch of visitors: the rows of each table, and events that get another person. `visitor_persons`
 * are all of them: also those that need no row.
 */
export type VisitorRows = { [T in VisitorTable]: Database[T][] } & {
  /** Events whose person changed. */
  moves: { visitorId: VisitorId; personId: PersonId; ids: string[] }[]
  /** Visitors whose events all go to one person, whatever they are. */
  unowned: { visitorId: VisitorId; personId: PersonId }[]
}

/** A row of any of these tables. */
type Row = { [column: string]: string | number | null; visitor_id: string }

/** How the rows of a table are read, written and taken away. `second` completes its key. */
function statementsOf(table: VisitorTable) {
  const { second } = TABLES[table].rebuilt
  const key = second === null ? ['visitor_id'] : ['visitor_id', second]
  return {
    keyOf: (row: Row) => (second === null ? row.visitor_id : `${row.visitor_id} ${row[second]}`),
    select: ofKeys((db, visitorIds): Compilable<Row> => {
      return db.selectFrom(table).selectAll().where('visitor_id', 'in', visitorIds)
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
    remove: ofKeys((db, visitorIds, value: string | number | null) =>
      db
        .deleteFrom(table)
        .where('visitor_id', 'in', visitorIds)
        .where(db.dynamic.ref<string>(second ?? 'visitor_id'), '=', value),
    ),
    secondOf: (row: Row) => row[second ?? 'visitor_id'] ?? null,
  }
}

const STATEMENTS = new Map(VISITOR_TABLES.map((table) => [table, statementsOf(table)]))

const selectVisitors = ofKeys((db, visitorIds) =>
  db.selectFrom('visitors').selectAll().where('visitor_id', 'in', visitorIds),
)
const selectKept = ofKeys((db, visitorIds) =>
  db.selectFrom('visitor_persons').selectAll().where('visitor_id', 'in', visitorIds),
)

const removeFacts = DELETED_WITH_VISITOR.map((table) =>
  ofKeys((db, visitorIds) => db.deleteFrom(table).where('visitor_id', 'in', visitorIds)),
)

/**
 * Works off the marks of visitors. Everything derived of them is replaced by `rows` and their events are re-pointed; of
 * those that are `gone` everything is deleted, what was told of them too. Marks the persons and visitors this touches.
 */
export async function writeVisitors(
  trx: Transaction<Database>,
  marks: Mark[],
  rows: VisitorRows,
  gone: string[],
): Promise<void> {
  const known = await selectVisitors(
    trx,
    marks.map(({ key }) => key),
  )
  const remade = new Set(marks.filter(isOfRebuild).map(({ key }) => key))
  // Who has no row in `visitors` has none in the other tables; a rebuild does not rely on it.
  const knownIds = [...new Set([...known.map((row) => row.visitor_id), ...remade])]
  const kept = await selectKept(trx, knownIds)
  const before = withOwn(known, kept)
  const had = new Set(before.map((row) => `${row.visitor_id} ${row.person_id}`))
  const gained = rows.visitor_persons.filter((row) => !had.has(`${row.visitor_id} ${row.person_id}`))
  const tokens = await tokensOf(trx, gone)
  const namings = await namingsOf(trx, gone)
  const contacts = contactsAmong(gained.map((row) => row.person_id)).map(contactPerson)
  await lockNamed(trx, [...new Set(namings.map((naming) => naming.key_hash))], [...contacts, ...tokens])
  const sharers = [...(await visitorsOfTokens(trx, tokens)), ...(await visitorsNamingAfter(trx, namings))]
  for (const remove of removeFacts) await remove(trx, gone)
  const there = new Map<VisitorTable, Row[]>([
    ['visitors', known],
    ['visitor_persons', kept],
  ])
  const wanted = { ...rows, visitor_persons: keptParts(rows.visitor_persons) }
  for (const [table, statements] of STATEMENTS) {
    const old = there.get(table) ?? (await statements.select(trx, knownIds))
    await replace(trx, statements, old, wanted[table])
  }
  for (const { visitorId, personId, ids } of rows.moves) await repoint(trx, ids, visitorId, personId)
  for (const { visitorId, personId } of rows.unowned) await repointAll(trx, [visitorId], personId)
  await clearMarks(trx, 'dirty_visitors', marks)
  await mark(
    trx,
    'dirty_visitors',
    sharers.filter((id) => !gone.includes(id)),
  )
  const parts = [...before, ...rows.visitor_persons]
  await mark(
    trx,
    'dirty_persons',
    parts.map((row) => row.person_id),
    new Set(parts.filter((row) => remade.has(row.visitor_id)).map((row) => row.person_id)),
  )
}

/** Makes the rows that are there what they must be. Most of most visitors are. */
async function replace(
  trx: Transaction<Database>,
  { keyOf, secondOf, upsert, remove }: ReturnType<typeof statementsOf>,
  old: Row[],
  next: Row[],
): Promise<void> {
  const left = new Map(old.map((row) => [keyOf(row), row]))
  const changed = next.filter((row) => {
    const was = left.get(keyOf(row))
    left.delete(keyOf(row))
    return !was || Object.keys(row).some((column) => row[column] !== was[column])
  })
  // Those that are not to be any more: few, or all of a visitor who is gone.
  for (const row of left.values()) await remove(trx, [row.visitor_id], secondOf(row))
  await upsert(trx, changed)
}

const repoint = ofKeys((db, eventIds, visitorId: VisitorId, personId: PersonId) =>
  db.updateTable('events').set({ person_id: personId }).where('visitor_id', '=', visitorId).where('id', 'in', eventIds),
)

const repointAll = ofKeys((db, visitorIds, personId: PersonId) =>
  db
    .updateTable('events')
    .set({ person_id: personId })
    .where('visitor_id', 'in', visitorIds)
    .where('person_id', '!=', personId),
)
