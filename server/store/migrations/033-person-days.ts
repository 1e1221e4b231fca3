/**
 * Persons keep what they did by day, and their visits. Both are derived by a rebuild, which is asked for here and runs
 * beside the server.
 */
import { type CreateTableBuilder, type Kysely, PostgresAdapter, sql } from 'kysely'
import { askForRebuild } from './ask-for-rebuild.ts'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  const isPostgres = db.getExecutor().adapter instanceof PostgresAdapter
  // The rows are small, and their key is most of them: on SQLite they are stored in it.
  const inKey = <T extends CreateTableBuilder<string, string>>(table: T) =>
    isPostgres ? table : table.modifyEnd(sql`without rowid`)

  let days = db.schema
    .createTable('person_days')
    .addColumn('person_id', text, (column) => column.notNull())
    .addColumn('visitor_id', text, (column) => column.notNull())
    .addColumn('day', 'bigint', (column) => column.notNull())
    .addColumn('type', text, (column) => column.notNull()) as CreateTableBuilder<string, string>
  for (const name of ['n', 'count', 'first_at', 'last_at']) {
    days = days.addColumn(name, 'bigint', (column) => column.notNull())
  }
  days = days.addColumn('times', text).addColumn('site_id', text, (column) => column.notNull())
  const texts = ['url', 'title', 'referrer', 'item_id', 'item_name', 'item_category', 'items']
  for (const name of texts) days = days.addColumn(name, text)
  days = days.addColumn('value', 'bigint')
  for (const name of ['currency', 'search_term', 'props', 'campaign', 'source', 'medium'])
    days = days.addColumn(name, text)
  const key = ['person_id', 'visitor_id', 'day', 'type', 'n']
  await inKey(days.addPrimaryKeyConstraint('person_days_pk', key)).execute()
  // What happened in a stretch of time is answered by the index alone.
  const asked = ['type', 'last_at', 'person_id', 'first_at', 'count', 'item_id']
  await db.schema.createIndex('person_days_by_type').on('person_days').columns(asked).execute()

  let visits = db.schema
    .createTable('visits')
    .addColumn('person_id', text, (column) => column.notNull())
    .addColumn('visitor_id', text, (column) => column.notNull()) as CreateTableBuilder<string, string>
  for (const name of ['began_at', 'ended_at', 'pages', 'engaged_ms']) {
    visits = visits.addColumn(name, 'bigint', (column) => column.notNull())
  }
  for (const name of ['landing', 'referrer', 'campaign', 'source', 'medium', 'message', 'device', 'browser']) {
    visits = visits.addColumn(name, text)
  }
  await inKey(visits.addPrimaryKeyConstraint('visits_pk', ['person_id', 'visitor_id', 'began_at'])).execute()

  for (const name of ['campaign', 'message']) {
    await db.schema
      .createIndex(`visits_by_${name}`)
      .on('visits')
      .columns([name, 'began_at', 'person_id'])
      .where(sql.ref(name), 'is not', null)
      .execute()
  }

  await db.schema
    .alterTable('visitor_days')
    .addColumn('left_out', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute()
  await askForRebuild(db)
}
