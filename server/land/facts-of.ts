/**
 * Turns journal entries into rows of facts. A batch may hold the same event several times (a retry); the one that was
 * received first is kept, as in the store.
 */

import { type OrderSource, orderOf } from '../domain/commerce/order.ts'
import type { Entry, StampedClaim, StampedEvent } from '../domain/event.ts'
import { visitorPerson } from '../domain/ids.ts'
import { itemAt } from '../domain/lookup.ts'
import type { FactRows } from '../store/facts.ts'
import { encodeJson } from '../store/schema/columns.ts'
import type { OrderRow } from '../store/schema/contacts.ts'
import type { ClaimKeyRow, ClaimRow, ConsentRow, DeviceRow, EventRow, TokenUseRow } from '../store/schema/visitors.ts'
import { loginFlag } from '../store/token-uses.ts'

/** Returns a user agent's device class, browser and operating system. */
export type DescribeAgent = (userAgent: string) => { device: string; browser: string | null; os: string | null }

/** Turns entries into rows, one per key. */
export function factsOf(entries: Entry[], describeAgent: DescribeAgent): FactRows {
  const events = new Map<string, EventRow>()
  const consents = new Map<string, ConsentRow>()
  const claims = new Map<string, ClaimRow>()
  const tokenUses = new Map<string, TokenUseRow>()
  const claimKeys = new Map<string, ClaimKeyRow>()
  const devices = new Map<string, DeviceRow>()
  const orders = new Map<string, OrderRow>()
  for (const entry of entries) {
    const { visitor } = entry
    addConsent(consents, entry)
    if (entry.user_agent !== undefined) {
      const agent = describeAgent(entry.user_agent)
      const row = { visitor_id: visitor, site_id: entry.site, ...agent, received_at: entry.received_at }
      const other = devices.get(visitor)
      if (!other || before(deviceOrder(other), deviceOrder(row))) devices.set(visitor, row)
    }
    for (const event of entry.events) {
      keepFirst(events, `${visitor} ${event.id}`, eventRow(entry, event), (r) => [
        r.received_at,
        r.at,
        r.identity,
        r.marketing,
      ])
      const { claim } = event
      if (claim) {
        keepFirst(claims, `${visitor} ${event.id}`, claimRow(entry, event, claim), (r) => [
          r.received_at,
          r.at,
          r.request_id,
        ])
        const { received_at } = entry
        const key = { key_hash: claim.key, visitor_id: visitor, evidence: claim.evidence, received_at }
        const naming = { ...key, network: claim.network ?? null }
        keepFirst(claimKeys, `${claim.key} ${visitor} ${claim.evidence}`, naming, (r) => [
          r.received_at,
          r.network ?? '',
        ])
        if (claim.token !== undefined) {
          const login = loginFlag(claim.evidence)
          const use = { token_hash: claim.token, visitor_id: visitor, received_at, login }
          keepFirst(tokenUses, `${claim.token} ${visitor}`, use, (r) => [r.received_at])
        }
      }
      if (event.type === 'purchase') {
        const row = orderRow(entry, event)
        if (row === null) continue
        keepFirst(orders, `${row.order_id} ${row.source} ${row.visitor_id}`, row, (r) => [
          r.received_at,
          r.event_id ?? '',
          r.at,
        ])
      }
    }
  }
  return {
    events: [...events.values()],
    consents: [...consents.values()],
    claims: [...claims.values()],
    tokenUses: [...tokenUses.values()],
    claimKeys: [...claimKeys.values()],
    devices: [...devices.values()],
    orders: [...orders.values()],
  }
}

/** The newest request describes the device; ties in time are broken by the description itself. */
function deviceOrder(row: DeviceRow): (string | number)[] {
  return [row.received_at, row.device, row.browser ?? '', row.os ?? '']
}

/** Keeps the row that was received first; `order` breaks ties in time, as in the store. */
function keepFirst<T>(rows: Map<string, T>, key: string, row: T, order: (row: T) => (string | number)[]): void {
  const other = rows.get(key)
  if (!other || before(order(row), order(other))) rows.set(key, row)
}

function before(a: (string | number)[], b: (string | number)[]): boolean {
  const i = a.findIndex((value, n) => value !== b[n])
  return i >= 0 && itemAt(a, i) < itemAt(b, i)
}

function eventRow(entry: Entry, event: StampedEvent): EventRow {
  return {
    visitor_id: entry.visitor,
    id: event.id,
    site_id: entry.site,
    type: event.type,
    at: event.at,
    received_at: entry.received_at,
    identity: entry.consent.identity ? 1 : 0,
    marketing: entry.consent.marketing ? 1 : 0,
    url: event.url ?? null,
    referrer: event.referrer ?? null,
    title: event.title ?? null,
    props: event.props === undefined ? null : encodeJson(event.props),
    person_id: visitorPerson(entry.visitor, 1),
  }
}

function claimRow(entry: Entry, event: StampedEvent, claim: StampedClaim): ClaimRow {
  return {
    visitor_id: entry.visitor,
    id: event.id,
    site_id: entry.site,
    request_id: entry.request,
    at: event.at,
    received_at: entry.received_at,
    evidence: claim.evidence,
    key_hash: claim.key,
    token_hash: claim.token ?? null,
    message: claim.message ?? null,
    issued_at: claim.issued_at ?? null,
    kid: claim.kid ?? null,
    iat: claim.iat ?? null,
    exp: claim.exp ?? null,
    cart_id: claim.cart ?? null,
    order_id: claim.order ?? null,
    network: claim.network ?? null,
    // A server does not know what the visitor allows.
    consent_at: claim.evidence === 'login_verified' && claim.token === undefined ? null : entry.consent.at,
  }
}

function addConsent(consents: Map<string, ConsentRow>, entry: Entry): void {
  const { consent, visitor } = entry
  const key = `${visitor} ${consent.id} ${consent.analytics} ${consent.identity} ${consent.marketing}`
  const seen = pageOf(entry)
  const other = consents.get(key)
  if (other) {
    other.first_at = Math.min(other.first_at, consent.at)
    other.last_at = Math.max(other.last_at, consent.at)
    if (isEarlier(seen, other)) Object.assign(other, seen)
    return
  }
  consents.set(key, {
    visitor_id: visitor,
    id: consent.id,
    analytics: consent.analytics ? 1 : 0,
    identity: consent.identity ? 1 : 0,
    marketing: consent.marketing ? 1 : 0,
    site_id: entry.site,
    source: consent.source,
    policy: consent.policy ?? null,
    gpc: consent.gpc === undefined ? null : consent.gpc ? 1 : 0,
    first_at: consent.at,
    last_at: consent.at,
    ...seen,
  })
}

type SeenOn = Pick<ConsentRow, 'page' | 'page_at'>

/** The page on which a choice was first seen, as far as one request tells. */
function pageOf({ events }: Entry): SeenOn {
  let first: SeenOn = { page: null, page_at: null }
  for (const { url, at } of events) {
    const seen = { page: url ?? null, page_at: at }
    if (url !== undefined && isEarlier(seen, first)) first = seen
  }
  return first
}

function isEarlier(a: SeenOn, b: SeenOn): boolean {
  if (a.page_at === null || b.page_at === null) return b.page_at === null && a.page_at !== null
  return a.page_at < b.page_at || (a.page_at === b.page_at && (a.page ?? '') < (b.page ?? ''))
}

function orderRow(entry: Entry, event: StampedEvent): OrderRow | null {
  // Landing knows no settings. What a contact's order is worth is read from what deriving makes of the event.
  const order = orderOf({ id: event.id, at: event.at, props: event.props ?? {} }, null)
  if (order === null) return null
  const source: OrderSource = entry.keyed ? 'server' : 'tag'
  return {
    order_id: order.orderId,
    source,
    visitor_id: entry.visitor,
    event_id: event.id,
    contact_id: null,
    at: order.at,
    received_at: entry.received_at,
    total: order.total,
    currency: order.currency,
    items: encodeJson(order.items),
    channel: null,
    ...{ until_at: null, status: null, standing: 'bought', refunds: encodeJson([]), tax: null, import_id: null },
  }
}
