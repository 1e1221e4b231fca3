/**
 * Data retention: when a visitor's oldest event expires, what is kept of an active visitor, the proofs of a departed one,
 * and derive failures.
 */
import { type Kysely, sql } from 'kysely'
import { bucket } from './bucket.ts'
import { textType } from './text-type.ts'

/** Visitors marked at a time. */
const PAGE = 5000

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema.alterTable('visitors').addColumn('expire_at', 'bigint').execute()
  await db.schema.createIndex('visitors_by_expiry').on('visitors').columns(['expire_at', 'visitor_id']).execute()
  await db.schema
    .createTable('aged_moments')
    .addColumn('visitor_id', text, (column) => column.notNull())
    .addColumn('id', text, (column) => column.notNull())
    .addColumn('type', text, (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('aged_moments_pk', ['visitor_id', 'id'])
    .execute()
  await db.schema
    .createTable('departed_visitors')
    .addColumn('visitor_id', text, (column) => column.notNull())
    .addColumn('proof_until', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('departed_visitors_pk', ['visitor_id'])
    .execute()
  await db.schema.createIndex('departed_by_proof').on('departed_visitors').columns(['proof_until']).execute()
  await db.schema
    .createTable('derive_failures')
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('stage', text, (column) => column.notNull())
    .addColumn('error', text, (column) => column.notNull())
    .addColumn('attempts', 'bigint', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('derive_failures_pk', ['key', 'stage'])
    .execute()
  await db.schema.alterTable('dead_letters').addColumn('visitor_id', text).execute()
  await db.schema
    .alterTable('dead_letters')
    .addColumn('attempts', 'bigint', (column) => column.notNull().defaultTo(1))
    .execute()
  await db.schema.createIndex('dead_letters_by_visitor').on('dead_letters').columns(['visitor_id']).execute()
  await markAll(db)
}

/** Marks every visitor as dirty: those derived before this migration have no expiry yet. */
async function markAll(db: Kysely<unknown>): Promise<void> {
  for (let after = ''; ; ) {
    const page = await sql<{ key: string }>`
      select visitor_id as key from visitors where visitor_id > ${after} order by visitor_id limit ${PAGE}`.execute(db)
    if (page.rows.length === 0) return
    const marks = page.rows.map(({ key }) => sql`(${key}, ${bucket(key)}, 1)`)
    await sql`
      insert into dirty_visitors (key, bucket, generation) values ${sql.join(marks)}
      on conflict (key) do update set generation = dirty_visitors.generation + 1`.execute(db)
    after = page.rows.at(-1)!.key
  }
}
