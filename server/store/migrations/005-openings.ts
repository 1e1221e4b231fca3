/** A cursor also records the opening of the journal that assigned its position. */
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('cursors')
    .addColumn('opening', textType(db), (column) => column.notNull().defaultTo(''))
    .execute()
}
