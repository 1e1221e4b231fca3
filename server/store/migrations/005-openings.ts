/** A cursor also says under which opening of the journal its position was given out. */
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('cursors')
    .addColumn('opening', textType(db), (column) => column.notNull().defaultTo(''))
    .execute()
}
