/** Queries whose shapes Citus or the rules of the store refuse, each with a description. */
import { sql } from 'kysely'
import { storedPerson } from '../../server/domain/ids.ts'
import { db, mark, type Query } from './citus-query.ts'

/** What it refuses, or the rules of the store leave to be, and why. */
export const REFUSED: [what: string, why: RegExp, query: Query][] = [
  [
    'a join across groups',
    /not by the columns/,
    db.selectFrom('visitor_persons').innerJoin('persons', 'persons.person_id', 'visitor_persons.person_id').selectAll(),
  ],
  [
    'a join in one group by another column',
    /not by the columns/,
    db.selectFrom('visitors').innerJoin('carts', 'carts.site_id', 'visitors.site_id').selectAll(),
  ],
  [
    'a join of a second key',
    /not by the columns/,
    db.selectFrom('claims').innerJoin('contact_keys', 'contact_keys.key_hash', 'claims.key_hash').selectAll(),
  ],
  [
    'a join with a third that is tied to nothing',
    /joins orders/,
    db
      .selectFrom('visitors')
      .innerJoin('carts', 'carts.visitor_id', 'visitors.visitor_id')
      .innerJoin('orders', 'orders.visitor_id', 'visitors.visitor_id')
      .selectAll(),
  ],
  [
    'a join with a table of the coordinator',
    /on the coordinator only/,
    db.selectFrom('visitors').innerJoin('leases', 'leases.name', 'visitors.site_id').selectAll(),
  ],
  ['two tables side by side', /not by the columns/, db.selectFrom(['visitors', 'persons']).select('persons.person_id')],
  [
    'all rows of a small table, with what matches',
    /whole on every node/,
    db.selectFrom('sites').leftJoin('visitors', 'visitors.site_id', 'sites.id').selectAll(),
  ],
  [
    'what exists beside a row of another group',
    /goes by a row/,
    db
      .selectFrom('persons')
      .selectAll()
      .where((eb) =>
        eb.exists(
          eb.selectFrom('contacts').select('contact_id').whereRef('contacts.contact_id', '=', 'persons.contact_id'),
        ),
      ),
  ],
  [
    'a column that is looked up in another group',
    /goes by a row/,
    db
      .selectFrom('persons')
      .select((eb) => eb.selectFrom('carts').select('url').whereRef('carts.id', '=', 'persons.cart_id').as('url')),
  ],
  ['for update', /locks rows/, db.selectFrom('leases').selectAll().forUpdate()],
  ['for share', /locks rows/, db.selectFrom('leases').selectAll().forShare()],
  ['skip locked', /locks rows/, db.selectFrom('leases').selectAll().forUpdate().skipLocked()],
  ['for update in raw SQL', /locks rows/, sql`select * from leases for no key update`],
  [
    'a lateral join',
    /lateral/,
    db
      .selectFrom('visitors')
      .innerJoinLateral(
        (eb) => eb.selectFrom('carts').selectAll().whereRef('carts.visitor_id', '=', 'visitors.visitor_id').as('c'),
        (join) => join.onTrue(),
      )
      .selectAll(),
  ],
  [
    'a recursive CTE',
    /recursive/,
    db
      .withRecursive('r', (qb) => qb.selectFrom('links').select('visitor_id'))
      .selectFrom('r')
      .selectAll(),
  ],
  [
    'a function in a set',
    /calls or casts in what it sets/,
    db
      .updateTable('carts')
      .set((eb) => ({ value: eb.fn<number>('abs', ['value']) }))
      .where('visitor_id', '=', 'v'),
  ],
  [
    'a cast in a set',
    /calls or casts in what it sets/,
    db
      .updateTable('carts')
      .set((eb) => ({ url: eb.cast<string>('value', 'text') }))
      .where('visitor_id', '=', 'v'),
  ],
  [
    'the time in a set, raw',
    /calls or casts in what it sets/,
    db.updateTable('leases').set({ expires_at: sql<number>`extract(epoch from now())` }),
  ],
  [
    'a function in the set of an upsert',
    /calls or casts in what it sets/,
    db
      .insertInto('dirty_visitors')
      .values(mark)
      .onConflict((conflict) =>
        conflict
          .column('key')
          .doUpdateSet((eb) => ({ generation: eb.fn<number>('greatest', ['excluded.generation']) })),
      ),
  ],
  ['a whole statement in raw SQL that casts in its set', /calls or casts/, sql`update carts set url = value::text`],
  [
    'the time in the condition of a deletion',
    /calls or casts in the condition/,
    db.deleteFrom('processes').where('seen_at', '<', sql<number>`extract(epoch from now())`),
  ],
  [
    'a set to what a query finds',
    /subquery/,
    db
      .updateTable('visitors')
      .set((eb) => ({ events: eb.selectFrom('sites').select('created_at') }))
      .where('visitor_id', '=', 'v'),
  ],
  [
    'a change of what spreads the table',
    /changes visitor_id/,
    db.updateTable('carts').set({ visitor_id: 'w' }).where('visitor_id', '=', 'v'),
  ],
  [
    'a conflict that is looked for by a part of the key',
    /without visitor_id/,
    db
      .insertInto('visitor_days')
      .values({ visitor_id: 'v', day: 1, withdrawals: 0, left_out: 0, digest: null })
      .onConflict((conflict) => conflict.column('day').doNothing()),
  ],
  [
    'an upsert from a query of another group',
    /lie elsewhere/,
    db
      .insertInto('dirty_persons')
      .columns(['key', 'bucket', 'generation'])
      .expression((eb) =>
        eb.selectFrom('visitor_persons').select(['person_id', eb.lit(1).as('bucket'), eb.lit(1).as('generation')]),
      )
      .onConflict((conflict) => conflict.doNothing()),
  ],
  [
    'an upsert from a query of the group by another column',
    /lie elsewhere/,
    db
      .insertInto('dirty_visitors')
      .columns(['key', 'bucket', 'generation'])
      .expression((eb) => eb.selectFrom('links').select(['id', eb.lit(1).as('bucket'), eb.lit(1).as('generation')]))
      .onConflict((conflict) => conflict.doNothing()),
  ],
  [
    'not in what may be null',
    /null/,
    db
      .selectFrom('contacts')
      .selectAll()
      .where('contact_id', 'not in', (eb) => eb.selectFrom('links').select('contact_id').$castTo<string>()),
  ],
  [
    'events of a person, on whatever visitor',
    /without naming visitors/,
    db.selectFrom('events').selectAll().where('person_id', '=', storedPerson('p')),
  ],
  [
    'events of a visitor, or of a person',
    /without naming visitors/,
    db
      .selectFrom('events')
      .selectAll()
      .where((eb) => eb.or([eb('visitor_id', '=', 'v'), eb('person_id', '=', storedPerson('p'))])),
  ],
  ['a join in raw SQL', /raw SQL/, sql`select 1 from visitors join persons on true`],
  ['a trigger', /trigger/, sql`create trigger t after insert on events execute function f()`],
]
