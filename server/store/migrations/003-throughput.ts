/**
 * Overactive visitors are flagged. Indexes for stores with many millions of events: those that led the planner to read
 * every open cart or every member are replaced, and the index of edges holds only persons whose memberships time may change.
 */
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('visitors')
    .addColumn('overactive', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute()
  await db.schema
    .createIndex('visitors_overactive')
    .on('visitors')
    .column('visitor_id')
    .where(sql<boolean>`overactive = 1`)
    .execute()
  await db.schema.dropIndex('carts_by_person').execute()
  await db.schema.createIndex('carts_by_person').on('carts').columns(['person_id', 'state']).execute()
  await db.schema.dropIndex('persons_by_edge').execute()
  await db.schema
    .createIndex('persons_by_edge')
    .on('persons')
    .column('edge_at')
    .where('edge_at', 'is not', null)
    .execute()
  await db.schema.createIndex('members_by_person').on('segment_members').column('person_id').execute()
}
