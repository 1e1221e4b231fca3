/** Purchases hold refunds too. The visitors are derived again, because of the refunds that they have sent so far. */
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('purchases')
    .addColumn('refund', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute()
  const { rows } = await sql<{ total: unknown }>`select count(*) as total from visitors`.execute(db)
  const total = Number(rows[0]!.total)
  if (total === 0) return
  const value = JSON.stringify({ phase: 'visitors', after: '', visitors: 0, total })
  // A rebuild that is under way begins again, unless it has yet to come to the visitors.
  await sql`
    insert into meta (name, value) values ('rebuilding', ${value})
    on conflict (name) do update set value = excluded.value where meta.value like '%"phase":"visitors"%'`.execute(db)
}
