/**
 * A cart keeps whose typed address it carries and belongs to that contact no more, and the person of such a cart keeps
 * whom it may be told to. What gave contacts the carts, orders and visitors under their typed addresses is derived again
 * by a rebuild, which is asked for here and runs beside the server.
 */
import { type Kysely, sql } from 'kysely'
import { askForRebuild } from './ask-for-rebuild.ts'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  for (const table of ['carts', 'persons']) {
    await db.schema.alterTable(table).addColumn('typed_contact_id', text).execute()
    await db.schema
      .createIndex(`${table}_by_typed_contact`)
      .on(table)
      .column('typed_contact_id')
      .where(sql<boolean>`typed_contact_id is not null`)
      .execute()
  }
  await askForRebuild(db)
}
