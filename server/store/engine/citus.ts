/**
 * Spreads the tables where the database is Citus, as the register says (`tables`). The queries are the same on every
 * engine, and this changes nothing on a server without the extension.
 *
 * Rows that are locks, or change in every transaction, are local to the coordinator. As reference tables these would
 * have one writer at a time, for a write to any of their rows keeps all others out until the commit; distributed they
 * would be locked in no order.
 */
import { type Kysely, PostgresAdapter, sql } from 'kysely'
import type { Database } from '../schema.ts'
import { type Place, TABLE_NAMES, TABLES, type TableName } from '../tables.ts'

/** The table that the others of its group are laid beside: on a server in use that is settled, so it never changes. */
const FIRST: Record<'visitor' | 'contact' | 'person', TableName> = {
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
    const firsts: TableName[] = Object.values(FIRST)
    const ordered = [...firsts, ...TABLE_NAMES.filter((name) => !firsts.includes(name))]
    for (const name of ordered) if (!done.has(name)) await spread(trx, name, TABLES[name].distributedBy)
  })
}

async function spread(db: Kysely<Database>, table: TableName, place: Place): Promise<void> {
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
