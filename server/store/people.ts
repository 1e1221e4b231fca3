/** Reads of one contact or visitor: links, carts, orders, and the timeline. */
import type { Expression, ExpressionBuilder, Kysely, SqlBool } from 'kysely'
import { mergeOrders, type OrderSource, type ToldOrder } from '../domain/order.ts'
import { chunks } from './engine/many.ts'
import { survivorsOf } from './holders.ts'
import { itemIdsOf } from './item-ids.ts'
import { partsOf } from './parts.ts'
import type { LinkRow } from './schema/derived.ts'
import type { EventRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'

/** Where a page of links begins: after this one. */
export type LinkCursor = { at: number; id: string; visitor: string }

/** The links of a contact or a visitor, oldest first. */
export async function listLinks(
  db: Kysely<Database>,
  filter: { contact?: string | undefined; visitor?: string | undefined; state?: string | undefined },
  limit: number,
  after: LinkCursor | null = null,
): Promise<LinkRow[]> {
  let query = db.selectFrom('links').selectAll().orderBy('at').orderBy('id').orderBy('visitor_id').limit(limit)
  if (after) {
    query = query.where((eb) =>
      eb.or([
        eb('at', '>', after.at),
        eb.and([eb('at', '=', after.at), eb('id', '>', after.id)]),
        eb.and([eb('at', '=', after.at), eb('id', '=', after.id), eb('visitor_id', '>', after.visitor)]),
      ]),
    )
  }
  if (filter.contact !== undefined) query = query.where('contact_id', '=', filter.contact)
  if (filter.visitor !== undefined) query = query.where('visitor_id', '=', filter.visitor)
  if (filter.state !== undefined) query = query.where('state', '=', filter.state)
  return query.execute()
}

/** One link, or null. */
export async function findLink(db: Kysely<Database>, visitorId: string, id: string): Promise<LinkRow | null> {
  const query = db.selectFrom('links').selectAll().where('visitor_id', '=', visitorId).where('id', '=', id)
  return (await query.executeTakeFirst()) ?? null
}

/** Where a page of a timeline begins: after this event. */
export type TimelineCursor = { at: number; id: string; visitor: string }

type EventBuilder = ExpressionBuilder<Database, 'events'>

async function timeline(
  db: Kysely<Database>,
  which: (eb: EventBuilder) => Expression<SqlBool>,
  after: TimelineCursor | null,
  limit: number,
): Promise<EventRow[]> {
  let query = db
    .selectFrom('events')
    .selectAll()
    .where(which)
    .orderBy('at')
    .orderBy('id')
    .orderBy('visitor_id')
    .limit(limit)
  if (after) {
    query = query.where((eb) =>
      eb.or([
        eb('at', '>', after.at),
        eb.and([eb('at', '=', after.at), eb('id', '>', after.id)]),
        eb.and([eb('at', '=', after.at), eb('id', '=', after.id), eb('visitor_id', '>', after.visitor)]),
      ]),
    )
  }
  return query.execute()
}

/** A visitor's events. */
export function visitorTimeline(db: Kysely<Database>, visitorId: string, after: TimelineCursor | null, limit: number) {
  return timeline(db, (eb) => eb('visitor_id', '=', visitorId), after, limit)
}

/** The visitors on which a person has something. */
export async function visitorsOf(db: Kysely<Database>, personId: string): Promise<string[]> {
  return (await partsOf(db, [personId])).map((row) => row.visitor_id)
}

/**
 * A contact's events: those that verified and confirmed links give him, and with `claimed` also those while somebody
 * claimed without a signature to be him, and the carts that carry his address.
 */
export async function contactTimeline(
  db: Kysely<Database>,
  contactId: string,
  links: LinkRow[],
  claimed: boolean,
  after: TimelineCursor | null,
  limit: number,
): Promise<EventRow[]> {
  const personId = `c:${contactId}`
  const all = await visitorsOf(db, personId)
  const own = claimed ? all : all.filter((visitor) => !onlyTyped(links, visitor))
  const spans = claimed ? links.filter((link) => link.strength === 'claimed' && link.valid_from !== null) : []
  if (own.length + spans.length === 0) return []
  return timeline(
    db,
    (eb) =>
      eb.or([
        ...(own.length > 0 ? [eb.and([eb('visitor_id', 'in', own), eb('person_id', '=', personId)])] : []),
        ...spans.map((link) =>
          eb.and([
            eb('visitor_id', '=', link.visitor_id),
            eb('identity', '=', 1),
            eb('at', '>=', link.valid_from!),
            eb('at', '<=', link.valid_to ?? Number.MAX_SAFE_INTEGER),
          ]),
        ),
      ]),
    after,
    limit,
  )
}

/** Whether all that a visitor says of the contact is an address in a form: it gives him a cart, and no visit. */
function onlyTyped(links: LinkRow[], visitorId: string): boolean {
  const strengths = links.filter((link) => link.visitor_id === visitorId).map((link) => link.strength)
  return (
    strengths.includes('typed') && !strengths.some((strength) => strength === 'verified' || strength === 'confirmed')
  )
}

/** Visitors with what is known of their browsers. */
export async function describeVisitors(db: Kysely<Database>, visitorIds: string[]) {
  if (visitorIds.length === 0) return []
  return db
    .selectFrom('visitors')
    .leftJoin('devices', 'devices.visitor_id', 'visitors.visitor_id')
    .select([
      'visitors.visitor_id',
      'visitors.site_id',
      'visitors.first_seen',
      'visitors.last_seen',
      'visitors.events',
      'visitors.shared',
      'visitors.overactive',
      'visitors.identity',
      'visitors.marketing',
      'devices.device',
      'devices.browser',
      'devices.os',
    ])
    .where('visitors.visitor_id', 'in', visitorIds)
    .orderBy('visitors.first_seen')
    .execute()
}

/** The choices of visitors, oldest first. */
export async function listConsents(db: Kysely<Database>, visitorIds: string[]) {
  if (visitorIds.length === 0) return []
  return db.selectFrom('consents').selectAll().where('visitor_id', 'in', visitorIds).orderBy('first_at').execute()
}

/** What a contact bought, in any channel, oldest first. */
export async function listOrders(db: Kysely<Database>, contactId: string) {
  const bought = await db
    .selectFrom('purchases')
    .select(['visitor_id', 'event_id', 'order_id', 'at', 'total', 'currency', 'item_ids'])
    .where('person_id', '=', `c:${contactId}`)
    .execute()
  const ids = [...new Set(bought.map((row) => row.order_id))]
  const survivors = [...(await survivorsOf(db, [contactId]))]
  const own = survivors.filter(([, survivor]) => survivor === contactId).map(([id]) => id)
  const facts = await db
    .selectFrom('orders')
    .selectAll()
    .where('contact_id', 'in', [contactId, ...own])
    .execute()
  for (const part of chunks(ids, 500)) {
    facts.push(...(await db.selectFrom('orders').selectAll().where('order_id', 'in', part).execute()))
  }
  const sources = new Map(facts.map((row) => [`${row.visitor_id} ${row.event_id}`, row.source as OrderSource]))
  const told: ToldOrder[] = [
    ...bought.map((row) => ({
      orderId: row.order_id,
      source: sources.get(`${row.visitor_id} ${row.event_id}`) ?? ('tag' as const),
      at: row.at,
      total: row.total,
      currency: row.currency,
      itemIds: JSON.parse(row.item_ids) as string[],
    })),
    ...facts
      .filter((row) => row.source === 'api')
      .map((row) => ({
        orderId: row.order_id,
        source: 'api' as const,
        at: row.at,
        total: row.total,
        currency: row.currency,
        itemIds: itemIdsOf(row.items),
      })),
  ]
  return mergeOrders(told).map(({ orderId, itemIds, ...order }) => ({
    order_id: orderId,
    ...order,
    item_ids: itemIds,
  }))
}

/** The ids of the visitors in a state, in order, after `after` and at most `limit`. */
export async function listVisitors(
  db: Kysely<Database>,
  state: 'overactive' | 'shared',
  after: string,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom('visitors')
    .select('visitor_id')
    // Written out, so that the planner sees the partial index of the few that are.
    .where((eb) => eb(state, '=', eb.lit(1)))
    .where('visitor_id', '>', after)
    .orderBy('visitor_id')
    .limit(limit)
    .execute()
  return rows.map((row) => row.visitor_id)
}
