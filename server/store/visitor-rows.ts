/**
 * Writes what is derived of visitors, and deletes those that are gone. Both tell the persons and visitors that depend
 * on it, in the same transaction, and lock what others go by to find them (`locks`).
 */
import type { Compilable, Transaction } from 'kysely'
import { clearMarks, type Mark, mark } from './dirty.ts'
import { visitorsOfTokens } from './landing.ts'
import { lockKeys } from './locks.ts'
import { ofKeys, ofRows } from './many.ts'
import type { Database } from './schema.ts'
import type {
  CartRow,
  EpochRow,
  LinkRow,
  PurchaseRow,
  VisitorDayRow,
  VisitorPersonRow,
  VisitorRow,
} from './schema-derived.ts'

/** What is derived of a batch of visitors. */
export type VisitorRows = {
  visitors: VisitorRow[]
  epochs: EpochRow[]
  links: LinkRow[]
  visitorPersons: VisitorPersonRow[]
  visitorDays: VisitorDayRow[]
  carts: CartRow[]
  purchases: PurchaseRow[]
  /** Events whose person changed. */
  moves: { visitorId: string; personId: string; ids: string[] }[]
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
] as const satisfies (keyof Database)[]

type DerivedTable = 'visitors' | 'epochs' | 'links' | 'visitor_persons' | 'visitor_days' | 'carts' | 'purchases'

/** How the rows of a table are read, taken away and written. */
function derived<T extends DerivedTable>(table: T) {
  type Row = Database[T]
  return {
    select: ofKeys((db, visitorIds) => {
      return db
        .selectFrom(table as DerivedTable)
        .selectAll()
        .where('visitor_id', 'in', visitorIds) as Compilable<Row>
    }),
    remove: ofKeys((db, visitorIds) => db.deleteFrom(table as DerivedTable).where('visitor_id', 'in', visitorIds)),
    insert: ofRows((db, rows: Row[]) => db.insertInto(table as DerivedTable).values(rows as never)),
  }
}

const TABLES = {
  visitors: derived('visitors'),
  epochs: derived('epochs'),
  links: derived('links'),
  visitorPersons: derived('visitor_persons'),
  visitorDays: derived('visitor_days'),
  carts: derived('carts'),
  purchases: derived('purchases'),
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
  // Who has no row in `visitors` has none in the other tables.
  const knownIds = known.map((row) => row.visitor_id)
  const before = await TABLES.visitorPersons.select(trx, knownIds)
  const had = new Set(before.map((row) => `${row.visitor_id} ${row.person_id}`))
  const gained = rows.visitorPersons.filter((row) => !had.has(`${row.visitor_id} ${row.person_id}`))
  const tokens = await tokensOf(trx, gone)
  await lockKeys(trx, [...gained.map((row) => row.person_id).filter((id) => id.startsWith('c:')), ...tokens])
  const sharers = await visitorsOfTokens(trx, tokens)
  for (const remove of removeFacts) await remove(trx, gone)
  await replace(trx, 'visitors', known, rows.visitors)
  await replace(trx, 'visitorPersons', before, rows.visitorPersons)
  for (const name of ['epochs', 'links', 'visitorDays', 'carts', 'purchases'] as const) {
    await replace(trx, name, await TABLES[name].select(trx, knownIds), rows[name])
  }
  for (const { visitorId, personId, ids } of rows.moves) await repoint(trx, ids, visitorId, personId)
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

/** Replaces what is there of visitors whose rows are not what they must be; most rows of most visitors are. */
async function replace(
  trx: Transaction<Database>,
  name: keyof typeof TABLES,
  old: { visitor_id: string }[],
  next: { visitor_id: string }[],
): Promise<void> {
  const [was, is] = [old, next].map((rows) => Map.groupBy(rows, (row) => row.visitor_id))
  const differs = (id: string) => !sameRows(was!.get(id) ?? [], is!.get(id) ?? [])
  await TABLES[name].remove(trx, [...was!.keys()].filter(differs))
  const insert = TABLES[name].insert as (db: Transaction<Database>, rows: object[]) => Promise<unknown>
  await insert(
    trx,
    next.filter(({ visitor_id }) => !was!.has(visitor_id) || differs(visitor_id)),
  )
}

function sameRows(a: object[], b: object[]): boolean {
  if (a.length !== b.length) return false
  const texts = new Set(a.map(textOf))
  return b.every((row) => texts.has(textOf(row)))
}

/** Equal for rows with equal values, whatever the order of their columns. */
function textOf(row: object): string {
  const values = row as Record<string, unknown>
  return JSON.stringify(
    Object.keys(values)
      .sort()
      .map((column) => values[column]),
  )
}

const repoint = ofKeys((db, eventIds, visitorId: string, personId: string) =>
  db.updateTable('events').set({ person_id: personId }).where('visitor_id', '=', visitorId).where('id', 'in', eventIds),
)

const selectTokens = ofKeys((db, visitorIds) =>
  db.selectFrom('token_uses').select('token_hash').distinct().where('visitor_id', 'in', visitorIds),
)

async function tokensOf(trx: Transaction<Database>, visitorIds: string[]): Promise<string[]> {
  return [...new Set((await selectTokens(trx, visitorIds)).map((row) => row.token_hash))]
}
