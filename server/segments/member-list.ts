/** The members of a segment, the newest first, and whether what they left in the cart is still theirs to buy. */
import type { Kysely } from 'kysely'
import { settles } from '../domain/cart.ts'
import { contactsAmong, type PersonId, personOf } from '../domain/ids.ts'
import { chunks } from '../store/engine/many.ts'
import { itemIdsOf } from '../store/item-ids.ts'
import type { CartRow, PersonRow } from '../store/schema/derived.ts'
import type { Database } from '../store/schema.ts'
import { partsOf } from '../store/visitor-persons.ts'

/** A member with the row of its person. */
export type Member = PersonRow & { entered_at: number }

/** Up to `limit` members that entered before the cursor, or with it and a smaller id. */
export async function listMembers(
  db: Kysely<Database>,
  segmentId: string,
  after: { enteredAt: number; personId: PersonId } | null,
  limit: number,
): Promise<Member[]> {
  let query = db
    .selectFrom('segment_members')
    .innerJoin('persons', 'persons.person_id', 'segment_members.person_id')
    .selectAll('persons')
    .select('segment_members.entered_at')
    .where('segment_members.segment_id', '=', segmentId)
    .orderBy('segment_members.entered_at', 'desc')
    .orderBy('segment_members.person_id', 'desc')
    .limit(limit)
  if (after) {
    query = query.where((eb) =>
      eb.or([
        eb('segment_members.entered_at', '<', after.enteredAt),
        eb.and([
          eb('segment_members.entered_at', '=', after.enteredAt),
          eb('segment_members.person_id', '<', after.personId),
        ]),
      ]),
    )
  }
  return query.execute()
}

/**
 * Of the given carts by person, those that no order settles by now. Orders are facts: this sees one that was landed
 * but not derived yet, so that nobody is reminded of what he has bought.
 */
export async function stillOpen(db: Kysely<Database>, carts: Map<PersonId, CartRow>): Promise<Map<PersonId, CartRow>> {
  const persons = [...carts.keys()]
  if (persons.length === 0) return carts
  const parts = []
  const orders = []
  for (const part of chunks(persons, 500)) {
    parts.push(...(await partsOf(db, part)))
    const contacts = contactsAmong(part)
    if (contacts.length > 0) {
      orders.push(...(await db.selectFrom('orders').selectAll().where('contact_id', 'in', contacts).execute()))
    }
  }
  const earliest = Math.min(...[...carts.values()].map((cart) => cart.updated_at))
  for (const part of chunks([...new Set(parts.map((row) => row.visitor_id))], 500)) {
    orders.push(
      ...(await db
        .selectFrom('orders')
        .selectAll()
        .where('visitor_id', 'in', part)
        .where('at', '>=', earliest)
        .execute()),
    )
  }
  const open = new Map<PersonId, CartRow>()
  for (const [personId, cart] of carts) {
    const visitors = new Set(parts.filter((row) => row.person_id === personId).map((row) => row.visitor_id))
    const person = personOf(personId)
    const contact = person.kind === 'contact' ? person.id : null
    const own = orders.filter(
      (order) => visitors.has(order.visitor_id) || (contact !== null && order.contact_id === contact),
    )
    const mine = { updatedAt: cart.updated_at, itemIds: itemIdsOf(cart.items) }
    if (!own.some((order) => settles({ at: order.at, itemIds: itemIdsOf(order.items) }, mine))) open.set(personId, cart)
  }
  return open
}
