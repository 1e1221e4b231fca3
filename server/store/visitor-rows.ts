/**
 * Writes what is derived of visitors, and deletes those that are gone. Both tell the persons and visitors that depend
 * on it, in the same transaction, and lock what others go by to find them (`locks`).
 */
import type { Compilable, Transaction } from 'kysely'
import { namingsOf, visitorsNamingAfter } from './claim-keys.ts'
import { ofKeys, ofRows } from './engine/many.ts'
import type {
  CartRow,
  EpochRow,
  LinkRow,
  PurchaseRow,
  VisitorDayRow,
  VisitorPersonRow,
  VisitorRow,
} from './schema/derived.ts'
import type { Database } from './schema.ts'
import type { VISITOR_TABLES } from './tables.ts'
import { tokensOf, visitorsOfTokens } from './token-uses.ts'
import { keptParts, withOwn } from './visitor-persons.ts'
import { clearMarks, type Mark, mark, REBUILD_GENERATION } from './work/dirty.ts'
import { lockNamed } from './work/locks.ts'

/** What is derived of a batch of visitors. */
export type VisitorRows = {
  visitors: VisitorRow[]
  epochs: EpochRow[]
  links: LinkRow[]
  /** All of them: also those that need no row. */
  visitorPersons: VisitorPersonRow[]
  visitorDays: VisitorDayRow[]
  carts: CartRow[]
  purchases: PurchaseRow[]
  /** Events whose person changed. */
  moves: { visitorId: string; personId: string; ids: string[] }[]
  /** Visitors whose events all go to one person, whatever they are. */
  unowned: { visitorId: string; personId: string }[]
}

/** What is known of a visitor itself. */
const FACT_TABLES = [
  'events',
  'claims',
  'consents',
  'token_uses',
  'claim_keys',
  'devices',
  'orders',
  'aged_moments',
  'link_acts',
  'departed_visitors',
  'dead_letters',
] as const satisfies (keyof Database)[]

type DerivedTable = (typeof VISITOR_TABLES)[number]

/** How the rows of a table are read, written and taken away. `second` completes its key. */
function derived<T extends DerivedTable>(table: T, second: string | null) {
  const key = second === null ? ['visitor_id'] : ['visitor_id', second]
  return {
    second,
    select: ofKeys((db, visitorIds) => {
      return db
        .selectFrom(table as 'links')
        .selectAll()
        .where('visitor_id', 'in', visitorIds) as Compilable<Database[T]>
    }),
    upsert: ofRows((db, rows: Database[T][]) =>
      db
        .insertInto(table as 'links')
        .values(rows as never)
        .onConflict((conflict) =>
          conflict.columns(key as never).doUpdateSet((eb) => {
            const columns = Object.keys(rows[0]!).filter((column) => !key.includes(column))
            return Object.fromEntries(columns.map((column) => [column, eb.ref(`excluded.${column}` as never)]))
          }),
        ),
    ),
    remove: ofKeys((db, visitorIds, value: string | number) =>
      db
        .deleteFrom(table as 'links')
        .where('visitor_id', 'in', visitorIds)
        .where((second ?? 'visitor_id') as 'id', '=', value as string),
    ),
  }
}

const TABLES = {
  visitors: derived('visitors', null),
  epochs: derived('epochs', 'n'),
  links: derived('links', 'id'),
  visitorPersons: derived('visitor_persons', 'person_id'),
  visitorDays: derived('visitor_days', 'day'),
  carts: derived('carts', 'id'),
  purchases: derived('purchases', 'event_id'),
}

const removeFacts = FACT_TABLES.map((table) =>
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
  const known = await TABLES.visitors.select(
    trx,
    marks.map(({ key }) => key),
  )
  // Who has no row in `visitors` has none in the other tables; a rebuild does not rely on it.
  const knownIds = [
    ...new Set([
      ...known.map((row) => row.visitor_id),
      ...marks.filter(({ generation }) => generation >= REBUILD_GENERATION).map(({ key }) => key),
    ]),
  ]
  const kept = await TABLES.visitorPersons.select(trx, knownIds)
  const before = withOwn(known, kept)
  const had = new Set(before.map((row) => `${row.visitor_id} ${row.person_id}`))
  const gained = rows.visitorPersons.filter((row) => !had.has(`${row.visitor_id} ${row.person_id}`))
  const tokens = await tokensOf(trx, gone)
  const namings = await namingsOf(trx, gone)
  const contacts = gained.map((row) => row.person_id).filter((id) => id.startsWith('c:'))
  await lockNamed(trx, [...new Set(namings.map((naming) => naming.key_hash))], [...contacts, ...tokens])
  const sharers = [...(await visitorsOfTokens(trx, tokens)), ...(await visitorsNamingAfter(trx, namings))]
  for (const remove of removeFacts) await remove(trx, gone)
  await replace(trx, 'visitors', known, rows.visitors)
  await replace(trx, 'visitorPersons', kept, keptParts(rows.visitorPersons))
  for (const name of ['epochs', 'links', 'visitorDays', 'carts', 'purchases'] as const) {
    await replace(trx, name, await TABLES[name].select(trx, knownIds), rows[name])
  }
  for (const { visitorId, personId, ids } of rows.moves) await repoint(trx, ids, visitorId, personId)
  for (const { visitorId, personId } of rows.unowned) await repointAll(trx, [visitorId], personId)
  await clearMarks(trx, 'dirty_visitors', marks)
  await mark(
    trx,
    'dirty_visitors',
    sharers.filter((id) => !gone.includes(id)),
  )
  await mark(
    trx,
    'dirty_persons',
    [...before, ...rows.visitorPersons].map((row) => row.person_id),
  )
}

/** Makes the rows that are there what they must be. Most of most visitors are. */
async function replace(trx: Transaction<Database>, name: keyof typeof TABLES, old: object[], next: object[]) {
  const { second, upsert, remove } = TABLES[name]
  type Row = Record<string, string | number | null> & { visitor_id: string }
  const keyOf = (row: Row) => (second === null ? row.visitor_id : `${row.visitor_id} ${row[second]}`)
  const left = new Map((old as Row[]).map((row) => [keyOf(row), row]))
  const changed = (next as Row[]).filter((row) => {
    const was = left.get(keyOf(row))
    left.delete(keyOf(row))
    return !was || Object.keys(row).some((column) => row[column] !== was[column])
  })
  // Those that are not to be any more: few, or all of a visitor who is gone.
  for (const row of left.values()) await remove(trx, [row.visitor_id], row[second ?? 'visitor_id']!)
  await (upsert as (db: Transaction<Database>, rows: object[]) => Promise<unknown>)(trx, changed)
}

const repoint = ofKeys((db, eventIds, visitorId: string, personId: string) =>
  db.updateTable('events').set({ person_id: personId }).where('visitor_id', '=', visitorId).where('id', 'in', eventIds),
)

const repointAll = ofKeys((db, visitorIds, personId: string) =>
  db
    .updateTable('events')
    .set({ person_id: personId })
    .where('visitor_id', 'in', visitorIds)
    .where('person_id', '!=', personId),
)
