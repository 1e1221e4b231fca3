/** Users with a role and a password each, and their sessions, which can be listed and ended. */
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('users')
    .addColumn('id', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('email', text)
    .addColumn('role', text, (column) => column.notNull())
    .addColumn('password', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('signed_in_at', 'bigint')
    .addPrimaryKeyConstraint('users_pk', ['id'])
    .execute()
  await db.schema
    .createTable('sessions')
    .addColumn('token_hash', text, (column) => column.notNull())
    .addColumn('id', text, (column) => column.notNull())
    .addColumn('user_id', text, (column) => column.notNull())
    .addColumn('since', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint', (column) => column.notNull())
    .addColumn('network', text)
    .addColumn('browser', text)
    .addColumn('os', text)
    .addPrimaryKeyConstraint('sessions_pk', ['token_hash'])
    .execute()
}
