/**
 * The sizes of segments by day: how many entered and left, and by how many those who may be mailed have become more. A
 * member's row says whether they may be. Changes that wait for the publisher are counted with it, those of all members
 * when an installation is upgraded from before there was a log.
 */
import { type CreateTableBuilder, type Kysely, sql } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  for (const table of ['segment_members', 'pending_memberships']) {
    await db.schema
      .alterTable(table)
      .addColumn('mailable', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute()
  }
  await sql`
    update segment_members set mailable = 1
    where person_id in (
      select person_id from persons where contact_id is not null and mail_consent = 1 and marketing = 1 and minor = 0
    )`.execute(db)
  await sql`
    update pending_memberships set mailable = 1
    where change = 'entered' and person_id in (
      select person_id from persons where contact_id is not null and mail_consent = 1 and marketing = 1 and minor = 0
    )`.execute(db)
  let table = db.schema.createTable('segment_sizes') as CreateTableBuilder<string, string>
  for (const name of ['segment_id', 'reason']) table = table.addColumn(name, text, (column) => column.notNull())
  for (const name of ['day', 'entered', 'exited', 'mailable']) {
    table = table.addColumn(name, 'bigint', (column) => column.notNull())
  }
  await table.addPrimaryKeyConstraint('segment_sizes_pk', ['segment_id', 'day', 'reason']).execute()
  await db.schema.createIndex('segment_sizes_by_day').on('segment_sizes').columns(['day']).execute()
}
