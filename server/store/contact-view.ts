/** Everything known about a contact, for the page and the route that show it. */
import type { Kysely } from 'kysely'
import { type ContactId, contactPerson } from '../domain/ids.ts'
import { loadCartsOf, stillOpen } from './carts.ts'
import { listConsents } from './consents.ts'
import { listOrders } from './contact-orders.ts'
import { readContactScores } from './contact-scores.ts'
import { findContact } from './contacts.ts'
import { linksOf } from './links.ts'
import { listPersonCarts } from './person-carts.ts'
import type { Database } from './schema.ts'
import { loadPermission } from './standings.ts'
import { visitorsOf } from './visitor-persons.ts'
import { describeVisitors } from './visitors.ts'

/** The most past carts that are shown, the latest ones. */
const MAX_PAST_CARTS = 100

/** Reads a contact's view; null if there is no such contact. */
export async function readContactView(db: Kysely<Database>, id: ContactId, now: number) {
  const contact = await findContact(db, id)
  if (!contact) return null
  const person = contactPerson(id)
  const visitorIds = await visitorsOf(db, person)
  const carts = await stillOpen(db, await loadCartsOf(db, [person]))
  return {
    contact,
    visitors: await describeVisitors(db, visitorIds),
    links: await linksOf(db, { contact: id }),
    cart: carts.get(person) ?? null,
    pastCarts: (await listPersonCarts(db, [person])).filter((cart) => cart.state !== 'open').slice(-MAX_PAST_CARTS),
    permission: await loadPermission(db, person),
    orders: await listOrders(db, id),
    scores: await readContactScores(db, id, now),
    consents: await listConsents(db, visitorIds),
  }
}
