/**
 * What the collector passes on: journal entries, already checked, stamped and free of addresses.
 *
 * An entry is one request. All later stages decide from these fields alone, so that the same entries in any order and
 * number end in the same state. Times are integer milliseconds in UTC.
 */
import type { ConsentSource } from '../../tag/wire.ts'

/** The four kinds of evidence that a visitor is a contact, strongest first (docs/identity-rules.md#evidence). */
export const EVIDENCES = ['login_verified', 'email_click', 'login_claimed', 'form_email'] as const

/** A kind of evidence. */
export type Evidence = (typeof EVIDENCES)[number]

/** A claim as the collector stamps it: it names a person by keyed hash, never by a plain address or id. */
export type StampedClaim = {
  evidence: Evidence
  /** Keyed hash of the identifier, by which contacts are found. */
  key: string
  /** Keyed hash of the login's JWT or of the mail link's token. */
  token?: string
  /** The mail that carried the link. */
  message?: string
  /** When the link token was made. */
  issued_at?: number
  /** The JWT's key id and times. */
  kid?: string
  iat?: number
  exp?: number
  /** The shop's cart or order that the form's address came with. */
  cart?: string
  order?: string
  /** Of a claim that the guard counts: a keyed hash of the truncated address it came from. */
  network?: string
}

/** An event with its time corrected to the collector's clock. */
export type StampedEvent = {
  id: string
  type: string
  at: number
  url?: string
  referrer?: string
  title?: string
  props?: Record<string, unknown>
  claim?: StampedClaim
}

/** The visitor's choice that a request stated. */
export type StampedConsent = {
  id: string
  analytics: boolean
  identity: boolean
  marketing: boolean
  source: ConsentSource
  policy?: string
  gpc?: boolean
  at: number
}

/** The choice that a request stated. */
export type Entry = {
  /** Made by the collector; claims of one request are weighed together. */
  request: string
  site: string
  visitor: string
  received_at: number
  /** Truncated to /24 or /48. */
  ip?: string
  user_agent?: string
  /** Sent with a secret key. */
  keyed: boolean
  /** Sent by Segment's API. */
  segment?: true
  consent: StampedConsent
  events: StampedEvent[]
  /** A withdrawal that a shop's server reports for a user it knows. */
  ends?: EndedUser
}

/**
 * A user whose consent ends, by the keyed hash of its identifier; and the visitors that stand for the user where a server knows
 * no browser.
 */
export type EndedUser = { key: string; at: number; visitors: string[] }

/**
 * A request as it was read from a journal, which an older version may have written. Throws if it is not one. Its events
 * are checked by the schema of the store.
 */
export function entryOf(value: unknown): Entry {
  if (!isEntry(value)) throw new TypeError('a request in the journal must have a visitor, a site, consent and events')
  return value
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null) return false
  const { visitor, site, consent, events } = value as { [K in keyof Entry]?: unknown }
  return (
    typeof visitor === 'string' &&
    typeof site === 'string' &&
    typeof consent === 'object' &&
    consent !== null &&
    Array.isArray(events)
  )
}

/** Names of Segment's e-commerce specification (v2) and GA4's names for the same events. */
const SEGMENT_NAMES: Record<string, string> = {
  'Products Searched': 'search',
  'Product List Viewed': 'view_item_list',
  'Product List Filtered': 'view_item_list',
  'Promotion Viewed': 'view_promotion',
  'Promotion Clicked': 'select_promotion',
  'Product Clicked': 'select_item',
  'Product Viewed': 'view_item',
  'Product Added': 'add_to_cart',
  'Wishlist Product Added to Cart': 'add_to_cart',
  'Product Removed': 'remove_from_cart',
  'Cart Viewed': 'view_cart',
  'Checkout Started': 'begin_checkout',
  'Payment Info Entered': 'add_payment_info',
  'Order Completed': 'purchase',
  'Order Refunded': 'refund',
  'Order Cancelled': 'refund',
  'Product Added to Wishlist': 'add_to_wishlist',
  'Product Shared': 'share',
  'Cart Shared': 'share',
  'Signed Up': 'sign_up',
  'Signed In': 'login',
}

/** The name under which an event is stored: GA4's for Segment's, any other unchanged. */
export function eventType(name: string): string {
  return (Object.hasOwn(SEGMENT_NAMES, name) ? SEGMENT_NAMES[name] : undefined) ?? name
}

/** The names that the tag, GA4 and Segment's calls have for events. A site's own names are others. */
export const STANDARD_TYPES: ReadonlySet<string> = new Set([
  ...['page', 'identify', 'reset', 'consent', 'engagement', 'group', 'alias'],
  ...['view_item', 'view_item_list', 'select_item', 'add_to_cart', 'remove_from_cart', 'view_cart', 'begin_checkout'],
  ...['add_shipping_info', 'add_payment_info', 'purchase', 'refund', 'add_to_wishlist', 'search', 'login', 'sign_up'],
  ...['generate_lead', 'share', 'view_promotion', 'select_promotion'],
])

/** Orders events and evidence by corrected time, then id, so that ties are broken the same way everywhere. */
export function byTimeThenId(a: { at: number; id: string }, b: { at: number; id: string }): number {
  return a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}
