/**
 * Changeable segments: the origin and preset version of a definition, all its versions, the progress of evaluating all
 * persons by a new one, and the reason of each membership. Names are JSON, since there may be one per language.
 */
import { type Kysely, sql } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  // Until now there were only presets, and nobody could edit them.
  await db.schema
    .alterTable('segments')
    .addColumn('origin', text, (column) => column.notNull().defaultTo('preset'))
    .execute()
  await db.schema.alterTable('segments').addColumn('preset_version', 'bigint').execute()
  await db.schema.alterTable('segments').addColumn('edited_at', 'bigint').execute()
  await db.schema
    .createTable('segment_versions')
    .addColumn('segment_id', text, (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('actor', text, (column) => column.notNull())
    .addColumn('name', text)
    .addColumn('node', text)
    .addPrimaryKeyConstraint('segment_versions_pk', ['segment_id', 'version'])
    .execute()
  await db.schema
    .createTable('segment_judging')
    .addColumn('segment_id', text, (column) => column.notNull())
    .addColumn('bucket', 'bigint', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('after', text)
    .addColumn('judged', 'bigint', (column) => column.notNull())
    .addColumn('total', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('segment_judging_pk', ['segment_id', 'bucket'])
    .execute()
  // The reasons of existing members were not recorded.
  await db.schema
    .alterTable('segment_members')
    .addColumn('reason', text, (column) => column.notNull().defaultTo('rebuild'))
    .execute()
  type Row = { id: string; name: string; node: string; version: number; updated_at: number }
  const { rows } = await sql<Row>`select id, name, node, version, updated_at from segments`.execute(db)
  for (const row of rows) {
    const name = JSON.stringify(row.name)
    await sql`update segments set name = ${name}, preset_version = 1 where id = ${row.id}`.execute(db)
    await sql`
      insert into segment_versions (segment_id, version, at, actor, name, node)
      values (${row.id}, ${row.version}, ${row.updated_at}, 'preset', ${name}, ${row.node})`.execute(db)
  }
}
