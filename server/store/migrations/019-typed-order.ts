/** Of several carts under one typed address the one changed last is told: the index of their persons is in that order. */
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex('persons_by_typed_contact').execute()
  await db.schema
    .createIndex('persons_by_typed_contact')
    .on('persons')
    .columns(['typed_contact_id', 'cart_updated_at'])
    .where(sql<boolean>`typed_contact_id is not null`)
    .execute()
}
