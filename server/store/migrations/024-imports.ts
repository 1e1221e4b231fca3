/** The history of imports, and what each of them changed, so that it can be undone. */
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('imports')
    .addColumn('id', text, (column) => column.notNull())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('beat_at', 'bigint', (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('actor', text, (column) => column.notNull())
    .addColumn('file', text)
    .addColumn('counts', text, (column) => column.notNull())
    .addColumn('report', text, (column) => column.notNull())
    .addColumn('undone', text)
    .addPrimaryKeyConstraint('imports_pk', ['id'])
    .execute()
  await db.schema.createIndex('imports_by_time').on('imports').columns(['at', 'id']).execute()
  await db.schema.alterTable('contacts').addColumn('import_id', text).execute()
  await db.schema.alterTable('orders').addColumn('import_id', text).execute()
  await db.schema
    .createTable('import_changes')
    .addColumn('item_id', text, (column) => column.notNull())
    .addColumn('import_id', text, (column) => column.notNull())
    .addColumn('contact_id', text)
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('before', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('import_changes_pk', ['item_id', 'import_id'])
    .execute()
  await db.schema
    .createIndex('import_changes_by_import')
    .on('import_changes')
    .columns(['import_id', 'item_id'])
    .execute()
  await db.schema.createIndex('import_changes_by_contact').on('import_changes').column('contact_id').execute()
  await db.schema.createIndex('import_changes_by_time').on('import_changes').column('at').execute()
}
