/**
 * Acts on links and tokens: operators' verdicts on claims, revoked tokens, when each visitor first named an identifier
 * (the guards count by that), and the cart or order that came with a form's address.
 */
import type { Kysely } from 'kysely'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('link_acts')
    .addColumn('visitor_id', text, (column) => column.notNull())
    .addColumn('claim_id', text, (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('act', text, (column) => column.notNull())
    .addColumn('actor', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('link_acts_pk', ['visitor_id', 'claim_id', 'at'])
    .execute()
  await db.schema
    .createTable('revocations')
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('value', text, (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('revocations_pk', ['kind', 'value'])
    .execute()
  await db.schema
    .createIndex('contacts_by_merge')
    .on('contacts')
    .column('merged_into')
    .where('merged_into', 'is not', null)
    .execute()
  // Existing rows count as long past.
  await db.schema
    .alterTable('claim_keys')
    .addColumn('received_at', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute()
  for (const column of ['cart_id', 'order_id']) await db.schema.alterTable('claims').addColumn(column, text).execute()
}
