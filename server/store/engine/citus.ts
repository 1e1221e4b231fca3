/**
 * Distributes the tables if the database is Citus, as the register says (`tables`). The queries are the same on every
 * engine, and nothing happens on a server without the extension.
 *
 * Tables whose rows are locks, or change in every transaction, are local to the coordinator. As reference tables they
 * would allow one writer at a time, since a write to any row blocks all others until the commit; as distributed tables
 * they would be locked in no particular order.
 */
import { type Kysely, PostgresAdapter, sql } from 'kysely'
import type { Database } from '../schema.ts'
import type { Place, TableName } from '../table-entry.ts'
import { TABLE_NAMES, TABLES } from '../tables.ts'

/** The table with which the others of its group are colocated. Never change it: servers in use have it already. */
const FIRST: Record<'visitor' | 'contact' | 'person', TableName> = {
  visitor: 'events',
  contact: 'contacts',
  person: 'persons',
}

/** Advisory lock held while tables are distributed, so that servers starting together take turns. */
const LOCK = 4_170_771_505

/**
 * Distributes the tables that are not distributed yet, in one transaction; does nothing on a server without Citus. Call
 * it after all migrations have run, because it needs the tables of every migration.
 */
export async function distribute(db: Kysely<Database>): Promise<void> {
  if (!(db.getExecutor().adapter instanceof PostgresAdapter)) return
  const found = await sql`select 1 from pg_extension where extname = 'citus'`.execute(db)
  if (found.rows.length === 0) return
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(trx)
    // Sequential, on one connection per node: otherwise a table would not see the one created just before it.
    await sql`set local citus.multi_shard_modify_mode to 'sequential'`.execute(trx)
    const { rows } = await sql<{ name: string }>`
      select cast(logicalrelid as text) as name from pg_dist_partition`.execute(trx)
    const done = new Set(rows.map((row) => row.name))
    const firsts: TableName[] = Object.values(FIRST)
    const ordered = [...firsts, ...TABLE_NAMES.filter((name) => !firsts.includes(name))]
    for (const name of ordered) if (!done.has(name)) await distributeTable(trx, name, TABLES[name].distributedBy)
  })
}

async function distributeTable(db: Kysely<Database>, table: TableName, place: Place): Promise<void> {
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
