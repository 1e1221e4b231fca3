/**
 * A shop's synthetic traffic, the same at each run: many concurrent visits, so that the requests of one visit are far
 * apart in the journal; visitors with random ids, a fifth of them returning; carts, logins and purchases. It counts the
 * expected result, so that a fast wrong answer is noticed.
 */
import { createHash } from 'node:crypto'
import type { Entry, StampedEvent } from '../../server/domain/event.ts'

/** The content of a visit. */
const REQUESTS_A_VISIT = 4
const EVENTS_A_REQUEST = 3

/** How dense the traffic is. */
export type Density = { requestMs: number; openVisits: number }

/** The time between two requests: 150 events per second, and 40 s between the pages of one of the concurrent visits. */
const BUSY: Density = { requestMs: 20, openVisits: 2000 }

/** How many of a thousand visits are by returning visitors, fill a cart, sign in, and buy. */
const RETURNING = 200
const WITH_CART = 250
const WITH_LOGIN = 50
const WITH_PURCHASE = 30

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36'

/** What must be derived from all traffic so far. */
export type Expected = { events: number; persons: number; carts: number; purchases: number }

/** Traffic that continues where it stopped. */
export type Traffic = {
  /** The next requests with `events` events, and the contacts that sign in for the first time in them. */
  next(events: number): { entries: Entry[]; contacts: string[] }
  expected(): Expected
}

type Visit = { visitor: number; request: number; cart: boolean; login: boolean; purchase: boolean; item: number }

/** Numbers from 0 to 999, the same at each run. */
function createDice(): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * 1000)
  }
}

function randomLooking(kind: string, n: number): string {
  return createHash('md5').update(`${kind} ${n}`).digest('base64url')
}

/** The keyed hash by which a contact's claims are found. */
export function keyOf(contactId: string): string {
  return `key-${contactId}`
}

/** Traffic of a site that began at `start`. */
export function createTraffic(site: string, start: number, { requestMs, openVisits } = BUSY): Traffic {
  const dice = createDice()
  const visits: Visit[] = []
  /** By visitor, whether it has signed in. */
  const signedInBefore: boolean[] = []
  /** What is in the open cart of a visitor. */
  const carts = new Map<number, Set<number>>()
  const contacts = new Set<number>()
  let requests = 0
  const expected = { events: 0, persons: 0, carts: 0, purchases: 0 }

  const begin = (): Visit => {
    const back = dice() < RETURNING && signedInBefore.length > 0
    // Most returning visitors were here recently.
    const ago = Math.floor(((dice() + dice() / 1000) / 1000) ** 3 * signedInBefore.length)
    const visitor = back ? signedInBefore.length - 1 - ago : signedInBefore.push(false) - 1
    if (!back) expected.persons++
    const cart = dice() < WITH_CART
    const login = dice() < WITH_LOGIN
    return { visitor, request: 0, cart, login, purchase: dice() < WITH_PURCHASE, item: dice() }
  }

  /** The contact that a visitor signs in as: two visitors each, a phone and a computer. */
  const signIn = (visitor: number): { contactId: string; isNew: boolean } => {
    const contact = visitor >> 1
    const isNew = !contacts.has(contact)
    if (!signedInBefore[visitor]) {
      signedInBefore[visitor] = true
      if (!isNew) expected.persons--
      contacts.add(contact)
    }
    return { contactId: randomLooking('contact', contact), isNew }
  }

  const eventAt = (visit: Visit, i: number, at: number): { event: StampedEvent; contact: string | null } => {
    const url = `https://shop.example/products/item-${visit.item}?utm_source=mail`
    const id = `${at.toString(36).padStart(9, '0')}${randomLooking('event', requests * 3 + i).slice(0, 12)}`
    const props = {
      currency: 'EUR',
      items: [{ item_id: `item-${visit.item}`, item_name: 'Ring', price: 120.5, quantity: 1 }],
    }
    const last = i === EVENTS_A_REQUEST - 1
    if (last && visit.cart && visit.request === 1) {
      const cart = carts.get(visit.visitor)
      if (cart === undefined) expected.carts++
      carts.set(visit.visitor, (cart ?? new Set()).add(visit.item))
      return { event: { id, type: 'add_to_cart', at, url, props }, contact: null }
    }
    if (last && visit.login && visit.request === 2) {
      const { contactId, isNew } = signIn(visit.visitor)
      const key = keyOf(contactId)
      const iat = Math.floor(at / 1000)
      const claim = { evidence: 'login_verified' as const, key, token: `${id}-jwt`, iat, exp: iat + 600 }
      return { event: { id, type: 'identify', at, props: { kind: 'login' }, claim }, contact: isNew ? contactId : null }
    }
    if (last && visit.purchase && visit.request === 3) {
      expected.purchases++
      // What was bought closes a cart only if it was in it.
      if (carts.get(visit.visitor)?.has(visit.item)) carts.delete(visit.visitor)
      const bought = { ...props, transaction_id: `order-${requests}`, value: 120.5 }
      return { event: { id, type: 'purchase', at, url, props: bought }, contact: null }
    }
    if (i === 1) return { event: { id, type: 'view_item', at, url, props }, contact: null }
    return { event: { id, type: 'page', at, url, title: 'A piece of the collection' }, contact: null }
  }

  return {
    next(events) {
      const entries: Entry[] = []
      const signedIn: string[] = []
      for (let made = 0; made < events; made += EVENTS_A_REQUEST) {
        const at = start + requests * requestMs
        const slot = (dice() * 1000 + dice()) % openVisits
        let visit = visits[slot]
        if (!visit || visit.request === REQUESTS_A_VISIT) {
          visit = begin()
          visits[slot] = visit
        }
        const own: StampedEvent[] = []
        for (let i = 0; i < EVENTS_A_REQUEST; i++) {
          const { event, contact } = eventAt(visit, i, at + i)
          own.push(event)
          if (contact !== null) signedIn.push(contact)
        }
        visit.request++
        entries.push({
          request: `r${requests++}`,
          site,
          visitor: randomLooking('visitor', visit.visitor),
          received_at: at + 500,
          user_agent: AGENT,
          keyed: false,
          consent: {
            id: randomLooking('choice', visit.visitor),
            analytics: true,
            identity: true,
            marketing: true,
            source: 'manual',
            at: start,
          },
          events: own,
        })
      }
      expected.events += entries.length * EVENTS_A_REQUEST
      return { entries, contacts: signedIn }
    },
    expected: () => ({ ...expected }),
  }
}
