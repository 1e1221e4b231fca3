/**
 * Writes the derived rows of visitors, and deletes removed visitors. Both mark the persons and visitors that depend on
 * them in the same transaction, and lock the keys by which other writers find them (`locks`).
 */
import type { Compilable, Transaction } from 'kysely'
import { contactPerson, contactsAmong, type PersonId, type VisitorId } from '../domain/ids.ts'
import { namingsOf } from './claim-keys.ts'
import { visitorsOfDeleted } from './deleted-sites.ts'
import { dependentsOf } from './dependents.ts'
import { allBut, ofKeys, ofRows } from './engine/many.ts'
import { noteEnded } from './memberships.ts'
import { type PartRows, replaceParts } from './part-rows.ts'
import type { Database } from './schema.ts'
import { DELETED_WITH_VISITOR, TABLES, VISITOR_TABLES, type VisitorTable } from './tables.ts'
import { keepSpentLogins, usesOf } from './token-uses.ts'
import { keptParts, withOwn } from './visitor-persons.ts'
import { clearMarks, isOfRebuild, type Mark, mark } from './work/dirty.ts'
import { lockNamed } from './work/locks.ts'

/**
 * What is derived from a batch of visitors: the rows of each table, and events that move to another person.
 * `visitor_persons` holds all parts, including those that need no row.
 */
export type VisitorRows = { [T in VisitorTable]: Database[T][] } & PartRows & {
    /** Events whose person changed. */
    moves: { visitorId: VisitorId; personId: PersonId; ids: string[] }[]
    /** Visitors all of whose events go to one person. */
    unowned: { visitorId: VisitorId; personId: PersonId }[]
  }

/** A row of any table derived from visitors. */
type Row = { [column: string]: string | number | null; visitor_id: string }

/** The statements that read, write and delete a table's rows. `second` completes its key. */
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
        .onConflict((conflict) => conflict.columns(key as never).doUpdateSet(allBut(rows, ...key))),
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

const selectDays = ofKeys((db, visitorIds) =>
  db.selectFrom('visitor_days').selectAll().where('visitor_id', 'in', visitorIds),
)

const removeFacts = DELETED_WITH_VISITOR.map((table) =>
  ofKeys((db, visitorIds) => db.deleteFrom(table).where('visitor_id', 'in', visitorIds)),
)

/**
 * Processes the marks of visitors. Replaces everything derived from them by `rows` and moves their events; deletes the
 * `removed` visitors completely, facts included. Marks the persons and visitors that are affected.
 */
export async function writeVisitors(
  trx: Transaction<Database>,
  marks: Mark[],
  rows: VisitorRows,
  removed: string[],
): Promise<void> {
  const known = await selectVisitors(
    trx,
    marks.map(({ key }) => key),
  )
  const remade = new Set(marks.filter(isOfRebuild).map(({ key }) => key))
  // A visitor without a row in `visitors` has none in the other tables; only a rebuild does not rely on that.
  const knownIds = [...new Set([...known.map((row) => row.visitor_id), ...remade])]
  const kept = await selectKept(trx, knownIds)
  const before = withOwn(known, kept)
  const had = new Set(before.map((row) => `${row.visitor_id} ${row.person_id}`))
  const gained = rows.visitor_persons.filter((row) => !had.has(`${row.visitor_id} ${row.person_id}`))
  const uses = await usesOf(trx, removed)
  const namings = await namingsOf(trx, removed)
  const typed = rows.carts.flatMap((cart) => cart.typed_contact_id ?? [])
  const contacts = [...new Set([...contactsAmong(gained.map((row) => row.person_id)), ...typed])].map(contactPerson)
  const tokens = uses.map((use) => use.token_hash)
  await lockNamed(trx, [...new Set(namings.map((naming) => naming.key_hash))], [...contacts, ...tokens])
  const dependents = await dependentsOf(trx, { uses, namings })
  // The logins of a site that is deleted are worth nothing any more.
  const ofDeleted = await visitorsOfDeleted(trx, [...new Set(uses.map((use) => use.visitor_id))])
  for (const remove of removeFacts) await remove(trx, removed)
  await noteEnded(trx, { visitors: removed })
  await keepSpentLogins(
    trx,
    uses.filter((use) => !ofDeleted.has(use.visitor_id)),
  )
  const days = await selectDays(trx, knownIds)
  const loaded = new Map<VisitorTable, Row[]>([
    ['visitors', known],
    ['visitor_persons', kept],
    ['visitor_days', days],
  ])
  const wanted = { ...rows, visitor_persons: keptParts(rows.visitor_persons) }
  for (const [table, statements] of STATEMENTS) {
    const old = loaded.get(table) ?? (await statements.select(trx, knownIds))
    await replace(trx, statements, old, wanted[table])
  }
  await replaceParts(trx, { parts: before, days, remade }, rows)
  for (const { visitorId, personId, ids } of rows.moves) await repoint(trx, ids, visitorId, personId)
  for (const { visitorId, personId } of rows.unowned) await repointAll(trx, [visitorId], personId)
  await clearMarks(trx, 'dirty_visitors', marks)
  await mark(
    trx,
    'dirty_visitors',
    dependents.filter((id) => !removed.includes(id)),
  )
  const parts = [...before, ...rows.visitor_persons]
  await mark(
    trx,
    'dirty_persons',
    parts.map((row) => row.person_id),
    new Set(parts.filter((row) => remade.has(row.visitor_id)).map((row) => row.person_id)),
  )
}

/** Replaces the old rows with the next ones, and writes only the differences: most rows do not change. */
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
  // Obsolete rows: a few, or all those of a removed visitor.
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
