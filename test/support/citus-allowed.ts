/** Queries whose shapes Citus accepts, each with a description. */
import { sql } from 'kysely'
import { db, mark, type Query } from './citus-query.ts'

/** What runs on Citus. */
export const ALLOWED: [what: string, query: Query][] = [
  [
    'a join of two visitor tables by visitor',
    db.selectFrom('visitors').innerJoin('visitor_days', 'visitor_days.visitor_id', 'visitors.visitor_id').selectAll(),
  ],
  [
    'the same with the marks, which have another name for it',
    db.selectFrom('visitors').leftJoin('dirty_visitors', 'dirty_visitors.key', 'visitors.visitor_id').selectAll(),
  ],
  [
    'a chain of three, each tied to one before it',
    db
      .selectFrom('visitors')
      .innerJoin('carts', 'carts.visitor_id', 'visitors.visitor_id')
      .innerJoin('epochs', (join) =>
        join.onRef('epochs.visitor_id', '=', 'carts.visitor_id').onRef('epochs.n', '=', 'carts.epoch'),
      )
      .selectAll(),
  ],
  [
    'a join with a table that is whole on every node',
    db.selectFrom('visitors').innerJoin('sites', 'sites.id', 'visitors.site_id').selectAll(),
  ],
  [
    'keys of another group by a subquery that stands alone',
    db
      .selectFrom('carts')
      .selectAll()
      .where('id', 'in', (eb) =>
        eb.selectFrom('persons').select('cart_id').where('cart_id', 'is not', null).$castTo<string>(),
      ),
  ],
  [
    'another group through a CTE',
    db
      .with('bought', (qb) => qb.selectFrom('orders').select('visitor_id'))
      .selectFrom('visitors')
      .innerJoin('bought', 'bought.visitor_id', 'visitors.visitor_id')
      .selectAll(),
  ],
  [
    'what does not exist beside a row, in its group and by its key',
    db
      .selectFrom('visitors')
      .selectAll()
      .where((eb) =>
        eb.not(eb.exists(eb.selectFrom('carts').select('id').whereRef('carts.visitor_id', '=', 'visitors.visitor_id'))),
      ),
  ],
  [
    'not in keys that cannot be null',
    db
      .selectFrom('carts')
      .selectAll()
      .where('visitor_id', 'not in', (eb) => eb.selectFrom('visitors').select('visitor_id')),
  ],
  [
    'an upsert by the key, with what it counts and what came',
    db
      .insertInto('dirty_visitors')
      .values(mark)
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet((eb) => ({
          generation: eb('dirty_visitors.generation', '+', 1),
          bucket: eb.ref('excluded.bucket'),
        })),
      ),
  ],
  [
    'an upsert under a condition, nulls replaced',
    db
      .insertInto('devices')
      .values({ visitor_id: 'v', site_id: 's', device: 'd', browser: null, os: null, received_at: 1 })
      .onConflict((conflict) =>
        conflict
          .column('visitor_id')
          .doUpdateSet((eb) => ({ os: eb.ref('excluded.os') }))
          .where(
            sql<boolean>`(excluded.received_at, coalesce(excluded.os, '')) < (devices.received_at, coalesce(devices.os, ''))`,
          ),
      ),
  ],
  [
    'an upsert from a query of the same group and key',
    db
      .insertInto('dirty_visitors')
      .columns(['key', 'bucket', 'generation'])
      .expression((eb) =>
        eb.selectFrom('visitors').select(['visitor_id', eb.lit(1).as('bucket'), eb.lit(1).as('generation')]),
      )
      .onConflict((conflict) => conflict.doNothing()),
  ],
  [
    'a visitor’s events',
    db.selectFrom('events').selectAll().where('visitor_id', 'in', ['v']).where('type', '=', 'view_item'),
  ],
  ['the visitors of all events', db.selectFrom('events').select('visitor_id').distinct()],
  ['raw SQL that asks nothing of tables', sql`select clock_timestamp()`],
]
