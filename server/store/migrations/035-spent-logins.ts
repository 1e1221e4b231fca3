/**
 * A use of a token says whether the token is a signed login: that one stays spent when its visitor goes. The index finds the
 * uses without a visitor that have expired.
 */
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('token_uses')
    .addColumn('login', 'integer', (column) => column.notNull().defaultTo(0))
    .execute()
  await sql`
    update token_uses set login = 1
    where visitor_id = ''
      or token_hash in (select token_hash from claims where evidence = 'login_verified' and token_hash is not null)
  `.execute(db)
  await db.schema.dropIndex('token_uses_by_visitor').execute()
  await db.schema.createIndex('token_uses_by_visitor').on('token_uses').columns(['visitor_id', 'received_at']).execute()
}
