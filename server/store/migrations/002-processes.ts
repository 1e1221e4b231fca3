/**
 * Several processes on one store: buckets of keys, leases on them, locks. Existing rows get their bucket, and lookup tables
 * of claims get an index by visitor, so that a visitor can be deleted without a scan.
 */
import { type Kysely, sql } from 'kysely'
import { bucket } from './bucket.ts'
import { textType } from './text-type.ts'

const BUCKETED: [table: string, key: string][] = [
  ['dirty_visitors', 'key'],
  ['dirty_persons', 'key'],
  ['dirty_contacts', 'key'],
  ['persons', 'person_id'],
]

/** Rows that get their bucket at a time. */
const PAGE = 5000

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [table, key] of BUCKETED) {
    await db.schema
      .alterTable(table)
      .addColumn('bucket', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute()
    await fill(db, table, key)
  }
  const text = textType(db)
  await db.schema
    .createTable('locks')
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('taken', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('locks_pk', ['name'])
    .execute()
  await db.schema
    .createTable('leases')
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('owner', text, (column) => column.notNull())
    .addColumn('fence', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('leases_pk', ['name'])
    .execute()
  for (const name of [...Array.from({ length: 16 }, (_, n) => `keys-${String(n).padStart(2, '0')}`), 'feed']) {
    await sql`insert into leases (name, owner, fence, expires_at) values (${name}, '', 0, 0)`.execute(db)
  }
  await db.schema
    .createTable('processes')
    .addColumn('id', text, (column) => column.notNull())
    .addColumn('seen_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('processes_pk', ['id'])
    .execute()
  for (const table of ['token_uses', 'claim_keys']) {
    await db.schema.createIndex(`${table}_by_visitor`).on(table).columns(['visitor_id']).execute()
  }
}

async function fill(db: Kysely<unknown>, table: string, key: string): Promise<void> {
  const [rows, id] = [sql.table(table), sql.ref(key)]
  for (let after = ''; ; ) {
    const page = await sql<{ key: string }>`
      select ${id} as key from ${rows} where ${id} > ${after} order by ${id} limit ${PAGE}`.execute(db)
    if (page.rows.length === 0) return
    for (const [number, own] of Map.groupBy(page.rows, (row) => bucket(row.key))) {
      const keys = own.map((row) => row.key)
      await sql`update ${rows} set bucket = ${number} where ${id} in (${sql.join(keys)})`.execute(db)
    }
    after = page.rows.at(-1)!.key
  }
}
