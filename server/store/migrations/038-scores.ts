/**
 * Scores of customers: the parameters that are published, by version, and what is kept of each customer's scores. The
 * latter are derived by a rebuild, which is asked for here and runs beside the server.
 */
import type { Kysely } from 'kysely'
import { askForRebuild } from './ask-for-rebuild.ts'
import { textType } from './text-type.ts'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('score_versions')
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('zone', text, (column) => column.notNull())
    .addColumn('currency', text, (column) => column.notNull())
    .addColumn('window_days', 'integer')
    .addColumn('money', text, (column) => column.notNull())
    .addColumn('bounds', text)
    .addColumn('fit', text)
    .addColumn('lack', text)
    .addPrimaryKeyConstraint('score_versions_pk', ['version'])
    .execute()
  await db.schema
    .createTable('person_scores')
    .addColumn('person_id', text, (column) => column.notNull())
    .addColumn('first_day', 'integer', (column) => column.notNull())
    .addColumn('last_day', 'integer', (column) => column.notNull())
    .addColumn('order_days', 'integer', (column) => column.notNull())
    .addColumn('orders', 'integer', (column) => column.notNull())
    .addColumn('money', 'double precision')
    .addColumn('r', 'integer')
    .addColumn('f', 'integer')
    .addColumn('m', 'integer')
    .addColumn('rfm_group', text)
    .addColumn('since', 'bigint')
    .addColumn('counts_until', 'bigint')
    .addPrimaryKeyConstraint('person_scores_pk', ['person_id'])
    .execute()
  await askForRebuild(db)
}
