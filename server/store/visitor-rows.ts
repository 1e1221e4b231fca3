/**
 * Writes what is derived of visitors, and deletes those that are gone. Both tell the persons and visitors that depend
 * on it, in the same transaction, and lock what others go by to find them (`locks`).
 */
import type { Transaction } from 'kysely'
import { clearMarks, type Mark, mark } from './dirty.ts'
import { visitorsOfTokens } from './landing.ts'
import { lockKeys } from './locks.ts'
import { chunks, chunksOf } from './many.ts'
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
  'aged_moments',
  'departed_visitors',
  'dead_letters',
] as const satisfies (keyof Database)[]

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
  const visitorIds = marks.map(({ key }) => key)
  const before = await trx
    .selectFrom('visitor_persons')
    .select(['visitor_id', 'person_id'])
    .where('visitor_id', 'in', visitorIds)
    .execute()
  const had = new Set(before.map((row) => `${row.visitor_id} ${row.person_id}`))
  const gained = rows.visitorPersons.filter((row) => !had.has(`${row.visitor_id} ${row.person_id}`))
  const tokens = await tokensOf(trx, gone)
  await lockKeys(trx, [...gained.map((row) => row.person_id).filter((id) => id.startsWith('c:')), ...tokens])
  const sharers = await visitorsOfTokens(trx, tokens)
  if (gone.length > 0) {
    await trx.deleteFrom('derive_failures').where('key', 'in', gone).where('stage', '=', 'visitor').execute()
    for (const table of FACT_TABLES) await trx.deleteFrom(table).where('visitor_id', 'in', gone).execute()
  }
  await replaceRows(trx, visitorIds, rows)
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

async function replaceRows(trx: Transaction<Database>, visitorIds: string[], rows: VisitorRows): Promise<void> {
  const replace = async (
    table: 'visitors' | 'epochs' | 'links' | 'visitor_persons' | 'visitor_days' | 'carts' | 'purchases',
    next: object[],
  ) => {
    await trx.deleteFrom(table).where('visitor_id', 'in', visitorIds).execute()
    for (const part of chunksOf(next))
      await trx
        .insertInto(table)
        .values(part as never)
        .execute()
  }
  await replace('visitors', rows.visitors)
  await replace('epochs', rows.epochs)
  await replace('links', rows.links)
  await replace('visitor_persons', rows.visitorPersons)
  await replace('visitor_days', rows.visitorDays)
  await replace('carts', rows.carts)
  await replace('purchases', rows.purchases)
  for (const { visitorId, personId, ids } of rows.moves) {
    for (const part of chunks(ids, 500)) {
      await trx
        .updateTable('events')
        .set({ person_id: personId })
        .where('visitor_id', '=', visitorId)
        .where('id', 'in', part)
        .execute()
    }
  }
}

async function tokensOf(trx: Transaction<Database>, visitorIds: string[]): Promise<string[]> {
  if (visitorIds.length === 0) return []
  const rows = await trx
    .selectFrom('token_uses')
    .select('token_hash')
    .distinct()
    .where('visitor_id', 'in', visitorIds)
    .execute()
  return rows.map((row) => row.token_hash)
}
