/** A visitor's day knows what its `person_days` are, so that those of a long history are neither read nor written again. */
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('visitor_days').addColumn('digest', textType(db)).execute()
}
