/**
 * How the tables are spread where the database is Citus. The queries are the same on every engine; this says what may
 * be joined with what, and spreads the tables on a server that has the extension. It changes nothing elsewhere.
 *
 * Tables of one group lie on the same node for the same key, and only they may be joined. A reference table is whole
 * on every node: what is small, rarely written and of use everywhere. A local one is on the coordinator only: rows that
 * are locks, or move in every transaction. As reference tables these would have one writer at a time, for a write to
 * any of their rows keeps all others out until the commit; distributed they would be locked in no order.
 */
import { type Kysely, PostgresAdapter, sql } from 'kysely'
import type { Database } from '../schema.ts'

type Group = 'visitor' | 'contact' | 'person' | 'own'

/** Where the rows of a table are; `column` decides, and every key of the table contains it. */
export type Place = { group: Group; column: string } | 'reference' | 'local'

const visitor = { group: 'visitor', column: 'visitor_id' } as const
const person = { group: 'person', column: 'person_id' } as const
const contact = { group: 'contact', column: 'contact_id' } as const
const own = (column: string) => ({ group: 'own', column }) as const

/** The place of every table. A second key lies by itself: its table joins with nothing. */
export const PLACES: Record<keyof Database, Place> = {
  sites: 'reference',
  api_keys: 'reference',
  meta: 'reference',
  segments: 'reference',
  revocations: 'reference',
  erasures: 'reference',
  locks: 'local',
  leases: 'local',
  processes: 'local',
  cursors: 'local',
  dead_letters: 'local',
  forgotten: 'local',
  derive_failures: 'local',
  events: visitor,
  consents: visitor,
  claims: visitor,
  devices: visitor,
  visitors: visitor,
  epochs: visitor,
  links: visitor,
  visitor_persons: visitor,
  visitor_days: visitor,
  aged_moments: visitor,
  link_acts: visitor,
  departed_visitors: visitor,
  carts: visitor,
  purchases: visitor,
  dirty_visitors: { group: 'visitor', column: 'key' },
  contacts: contact,
  feed_state: contact,
  farewells: contact,
  dirty_contacts: { group: 'contact', column: 'key' },
  persons: person,
  segment_members: person,
  dirty_persons: { group: 'person', column: 'key' },
  token_uses: own('token_hash'),
  claim_keys: own('key_hash'),
  contact_keys: own('key_hash'),
  orders: own('order_id'),
  tombstones: own('hash'),
  withdrawals: own('visitor_hash'),
  erased_spans: own('visitor_hash'),
  match_changes: own('seq'),
  audit: own('id'),
}

/** The table that the others of its group are laid beside. */
const FIRST: Record<Exclude<Group, 'own'>, keyof Database> = {
  visitor: 'events',
  contact: 'contacts',
  person: 'persons',
}

/** Held while tables are spread: servers that start at the same time do it one after the other. */
const LOCK = 4_170_771_505

/**
 * Spreads the tables that are not yet, in one transaction; on a server without Citus it does nothing. To be called
 * when all migrations have run: it sees the tables of later ones too.
 */
export async function distribute(db: Kysely<Database>): Promise<void> {
  if (!(db.getExecutor().adapter instanceof PostgresAdapter)) return
  const found = await sql`select 1 from pg_extension where extname = 'citus'`.execute(db)
  if (found.rows.length === 0) return
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(trx)
    // One after the other on one connection a node, or a table would not see what was made just before it.
    await sql`set local citus.multi_shard_modify_mode to 'sequential'`.execute(trx)
    const { rows } = await sql<{ name: string }>`
      select cast(logicalrelid as text) as name from pg_dist_partition`.execute(trx)
    const done = new Set(rows.map((row) => row.name))
    const names = Object.keys(PLACES) as (keyof Database)[]
    const firsts: (keyof Database)[] = Object.values(FIRST)
    const ordered = [...firsts, ...names.filter((name) => !firsts.includes(name))]
    for (const name of ordered) if (!done.has(name)) await spread(trx, name, PLACES[name])
  })
}

async function spread(db: Kysely<Database>, table: keyof Database, place: Place): Promise<void> {
  if (place === 'local') return
  if (place === 'reference') {
    await sql`select create_reference_table(${sql.lit(table)})`.execute(db)
    return
  }
  const first = place.group === 'own' ? table : FIRST[place.group]
  const beside = first === table ? 'none' : first
  await sql`
    select create_distributed_table(${sql.lit(table)}, ${sql.lit(place.column)}, colocate_with => ${sql.lit(beside)})`.execute(
    db,
  )
}
