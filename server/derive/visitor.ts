/**
 * Derives visitors: their consent state, epochs, links, carts and purchases, and which person each event belongs to.
 * Everything is folded from the facts; earlier derived rows are never read.
 */

import { foldedItem } from '../domain/commerce/items.ts'
import { orderOf, REFUND_TYPES, refundOf } from '../domain/commerce/order.ts'
import { attribute, type OwnedCart } from '../domain/epochs.ts'
import { byTimeThenId } from '../domain/event.ts'
import { linkVisitor } from '../domain/identity.ts'
import { countsAsMatch, type IdentityLink } from '../domain/identity-link.ts'
import { type PersonId, type VisitorId, visitorPerson } from '../domain/ids.ts'
import { itemAt } from '../domain/lookup.ts'
import { expiryOf } from '../domain/retention.ts'
import { pauseOn } from '../domain/sessions.ts'
import { cartPolicyOf, policyOf, type Site } from '../domain/settings.ts'
import type { Overactive } from '../store/overactive.ts'
import { encodeJson } from '../store/schema/columns.ts'
import type { CartRow, LinkRow, PurchaseRow, VisitorDayRow, VisitorPersonRow } from '../store/schema/derived.ts'
import type { LoadedEvent, VisitorFacts } from '../store/visitor-facts.ts'
import type { VisitorRows } from '../store/visitor-rows.ts'
import { partsOfVisitor, type VisitorParts } from './part-rows.ts'

/** Computes the derived rows of visitors. `site` looks up a site as it was configured when the visitors were read. */
export function deriveVisitors(visitors: VisitorFacts[], site: (id: string) => Site): VisitorRows {
  const rows: VisitorRows = {
    visitors: [],
    epochs: [],
    links: [],
    visitor_persons: [],
    visitor_days: [],
    days: [],
    visits: [],
    carts: [],
    purchases: [],
    moves: [],
    unowned: [],
  }
  for (const facts of visitors) {
    if (facts.overactive) onlyCount(facts, facts.overactive, site(facts.siteId), rows)
    else deriveVisitor(facts, site, rows)
  }
  return rows
}

function deriveVisitor(facts: VisitorFacts, siteOf: (id: string) => Site, rows: VisitorRows): void {
  const { visitorId, siteId, events, aged, claims, consents } = facts
  const site = siteOf(siteId)
  const { settings } = site
  const policy = policyOf(settings)
  const cart = cartPolicyOf(site)
  const moments = aged.length === 0 ? events : [...aged, ...events].sort(byTimeThenId)
  const linked = linkVisitor(moments, claims, consents.denial, policy)
  const { links, shared } = linked
  const options = { cartWindowMs: policy.backstitchMs, cart, mailTyped: settings.mail_typed_carts }
  const attribution = attribute(visitorId, moments, linked, options)
  const { epochs, carts } = attribution
  const old = new Set(aged)
  const personOf =
    old.size === 0 ? attribution.personOf : attribution.personOf.filter((_, i) => !old.has(itemAt(moments, i)))

  rows.visitors.push({
    visitor_id: visitorId,
    site_id: siteId,
    first_seen: itemAt(events, 0).at,
    last_seen: itemAt(events, events.length - 1).at,
    events: events.length,
    identity: consents.identity ? 1 : 0,
    marketing: consents.marketing ? 1 : 0,
    marketing_since: consents.marketingSince,
    shared: shared ? 1 : 0,
    linked: links.some(countsAsMatch) ? 1 : 0,
    overactive: 0,
    expire_at: Math.min(...[...oldestBySite(events)].map(([id, at]) => expiryOf(at, siteOf(id).settings))),
  })
  // A single anonymous epoch needs no row.
  const kept = epochs.filter(({ contact }) => epochs.length > 1 || contact !== null)
  for (const epoch of kept) {
    rows.epochs.push({
      visitor_id: visitorId,
      n: epoch.n,
      person_id: epoch.personId,
      contact_id: epoch.contact,
      from_at: epoch.from,
      to_at: epoch.to,
    })
  }
  rows.links.push(...links.map((link) => linkRow(visitorId, link)))
  rows.visitor_persons.push(...personsOf(visitorId, events, personOf, carts))
  const parts = partsOfVisitor(facts, personOf, site, pauseOn(linked, policy.sessionMs))
  rows.days.push(...parts.days)
  rows.visits.push(...parts.visits)
  rows.visitor_days.push(...daysOf(facts, parts.told))
  rows.carts.push(...carts.map((each) => cartRow(visitorId, siteId, each, cart.abandonedAfterMs)))
  rows.purchases.push(...purchasesOf(visitorId, events, personOf, cart.currency))
  rows.moves.push(...movesOf(visitorId, events, personOf))
}

/** Records only the counts of an overactive visitor, and gives its events to its own anonymous person. */
function onlyCount({ visitorId, consents }: VisitorFacts, counted: Overactive, site: Site, rows: VisitorRows): void {
  rows.visitors.push({
    visitor_id: visitorId,
    site_id: counted.siteId,
    first_seen: counted.firstSeen,
    last_seen: counted.lastSeen,
    events: counted.events,
    identity: consents.identity ? 1 : 0,
    marketing: consents.marketing ? 1 : 0,
    marketing_since: consents.marketingSince,
    shared: 0,
    linked: 0,
    overactive: 1,
    expire_at: expiryOf(counted.firstSeen, site.settings),
  })
  rows.unowned.push({ visitorId, personId: visitorPerson(visitorId, 1) })
}

function oldestBySite(events: LoadedEvent[]): Map<string, number> {
  const oldest = new Map<string, number>()
  // Events are sorted by time.
  for (const { siteId, at } of events) if (!oldest.has(siteId)) oldest.set(siteId, at)
  return oldest
}

function linkRow(visitorId: VisitorId, link: IdentityLink): LinkRow {
  return {
    visitor_id: visitorId,
    id: link.id,
    contact_id: link.contact,
    evidence: link.evidence,
    strength: link.strength,
    state: link.state,
    reason: link.reason,
    end_reason: link.endReason,
    at: link.at,
    valid_from: link.validFrom,
    valid_to: link.validTo,
    backfill_from: link.backfillFrom,
    expires_at: link.expiresAt,
    proofs: encodeJson(link.proofs),
    grades: encodeJson(link.grades),
  }
}

/** The persons of the events, and those that have nothing but a cart that carries a typed address. */
function personsOf(
  visitorId: VisitorId,
  events: LoadedEvent[],
  personOf: PersonId[],
  carts: OwnedCart[],
): VisitorPersonRow[] {
  const persons = new Map<PersonId, VisitorPersonRow>()
  events.forEach((event, i) => {
    const personId = itemAt(personOf, i)
    const row = persons.get(personId)
    if (row) {
      row.last_at = event.at
      row.events++
    } else {
      persons.set(personId, {
        visitor_id: visitorId,
        person_id: personId,
        first_at: event.at,
        last_at: event.at,
        events: 1,
      })
    }
  })
  for (const { personId, createdAt, updatedAt } of carts) {
    if (persons.has(personId)) continue
    const row = { visitor_id: visitorId, person_id: personId, first_at: createdAt, last_at: updatedAt, events: 0 }
    persons.set(personId, row)
  }
  return [...persons.values()]
}

const DAY_MS = 24 * 3600_000

function daysOf({ visitorId, events, consents }: VisitorFacts, told: VisitorParts['told']): VisitorDayRow[] {
  const days = new Map<number, VisitorDayRow>()
  const dayOf = (at: number) => {
    const day = Math.floor(at / DAY_MS)
    const { leftOut = 0, digest = null } = told.get(day) ?? {}
    const row = days.get(day) ?? { visitor_id: visitorId, day, withdrawals: 0, left_out: leftOut, digest }
    days.set(day, row)
    return row
  }
  for (const event of events) dayOf(event.at)
  for (const withdrawal of consents.withdrawals) dayOf(withdrawal.at).withdrawals++
  return [...days.values()]
}

function cartRow(visitorId: VisitorId, siteId: string, cart: OwnedCart, abandonedAfterMs: number): CartRow {
  return {
    visitor_id: visitorId,
    id: cart.id,
    shop_cart_id: cart.shopId,
    person_id: cart.personId,
    site_id: siteId,
    epoch: cart.epoch,
    state: cart.state,
    currency: cart.currency,
    value: cart.value,
    items: encodeJson(cart.items),
    url: cart.url,
    created_at: cart.createdAt,
    updated_at: cart.updatedAt,
    idle_at: cart.updatedAt + abandonedAfterMs,
    closed_at: cart.closedAt,
    closed_by: cart.closedBy,
    recovered_value: cart.recoveredValue,
    step: cart.step,
    checkout_at: cart.checkoutAt,
    abandoned_at: cart.abandonedAt,
    typed_contact_id: cart.typedContact,
    left_out: encodeJson(cart.leftOut),
    grade: cart.grade,
  }
}

/** A purchase that is reported again, as by a reloaded page of thanks, is the same order, and as old as its first report. */
function purchasesOf(
  visitorId: VisitorId,
  events: LoadedEvent[],
  personOf: PersonId[],
  home: string | null,
): PurchaseRow[] {
  const firstAt = new Map<string, number>()
  return events.flatMap((event, i) => {
    if (REFUND_TYPES.has(event.type)) return refundRow(visitorId, event, itemAt(personOf, i), home)
    if (event.type !== 'purchase') return []
    const order = orderOf({ id: event.id, at: event.at, props: event.props ?? {} }, home)
    if (order === null) return []
    const at = firstAt.get(order.orderId) ?? order.at
    firstAt.set(order.orderId, at)
    return {
      visitor_id: visitorId,
      event_id: event.id,
      person_id: itemAt(personOf, i),
      order_id: order.orderId,
      cart_id: order.cartId,
      at,
      total: order.total,
      currency: order.currency,
      item_ids: encodeJson(order.items.map((item) => item.item_id)),
      items: encodeJson(order.items.map(foldedItem)),
      refund: 0,
    }
  })
}

function refundRow(visitorId: VisitorId, event: LoadedEvent, personId: PersonId, home: string | null): PurchaseRow[] {
  const refund = refundOf({ ...event, props: event.props ?? {} }, home)
  if (refund === null) return []
  const { orderId, at, total, currency, itemIds } = refund
  return [
    {
      ...{ visitor_id: visitorId, event_id: event.id, person_id: personId, order_id: orderId, cart_id: null },
      ...{ at, total, currency, item_ids: encodeJson(itemIds), items: encodeJson([]), refund: 1 },
    },
  ]
}

function movesOf(visitorId: VisitorId, events: LoadedEvent[], personOf: PersonId[]): VisitorRows['moves'] {
  const moves = new Map<PersonId, string[]>()
  events.forEach((event, i) => {
    const personId = itemAt(personOf, i)
    if (event.personId === personId) return
    const ids = moves.get(personId)
    if (ids) ids.push(event.id)
    else moves.set(personId, [event.id])
  })
  return [...moves].map(([personId, ids]) => ({ visitorId, personId, ids }))
}
