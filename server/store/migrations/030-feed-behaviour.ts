/** The feed notes what else it has told of a contact: the contents of its cart, its orders and its visits, and when. */
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  for (const name of ['contents', 'behaviour']) {
    await db.schema.alterTable('feed_state').addColumn(name, text).execute()
  }
  for (const name of ['told_at', 'due_at']) {
    await db.schema.alterTable('feed_state').addColumn(name, 'bigint').execute()
  }
  await db.schema.createIndex('feed_state_by_due').on('feed_state').columns(['due_at']).execute()
}
