/**
 * A cart notes what its links and pictures led to outside the site's own hosts, and keeps the others only. Carts are derived
 * again by a rebuild, which is asked for here and runs beside the server.
 */
import type { Kysely } from 'kysely'
import { askForRebuild } from './ask-for-rebuild.ts'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('carts')
    .addColumn('left_out', textType(db), (column) => column.notNull().defaultTo('[]'))
    .execute()
  await askForRebuild(db)
}
