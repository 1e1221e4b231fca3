/**
 * Translates Segment's e-commerce specification (v2) into GA4's events, items, order ids and values. Pure: a call in,
 * an event out.
 *
 * Whatever has a counterpart in GA4 is moved there; everything else keeps its own name. An order's `value` is the
 * call's own `value`, else `total`, else `revenue`: what the customer pays, as in an order of the API (`revenue`
 * excludes shipping and tax, and is kept beside it). Properties that describe a person rather than what happened are
 * dropped: people come from the CRM. The shop's own events are kept as they are otherwise.
 */

import { LIMITS } from '../../tag/wire.ts'
import { readAmount } from '../domain/commerce/amount.ts'
import { isExactNumber } from '../domain/commerce/fields.ts'
import { eventType } from '../domain/event.ts'
import { campaignProps, fullAddress } from './segment-address.ts'

/** The calls of Segment's specification. */
export type CallKind = 'track' | 'page' | 'screen' | 'identify' | 'group' | 'alias'

/** The fields of a call that describe what happened. */
export type CallDetails = {
  kind: CallKind
  event?: string
  name?: string
  category?: string
  groupId?: string
  properties: Record<string, unknown>
  /** `context.page`. */
  page: Record<string, unknown>
  /** `context.campaign`. */
  campaign?: unknown
}

/** The event that a call becomes, without its id, time and claim. */
export type MappedEvent = {
  type: string
  url?: string
  referrer?: string
  title?: string
  props?: Record<string, unknown>
}

/** Longer names are cut: the store holds and lists them as they are. */
export const MAX_TYPE = 64
/** Longer titles are cut. */
export const MAX_TITLE = 1024
const MAX_URL = LIMITS.eventBytes

/** Names outside e-commerce that have a meaning here: a choice of consent, and a logout. */
const OWN_NAMES: Record<string, string> = {
  'Consent Management Interaction': 'consent',
  'Segment Consent Preference': 'consent',
  'Segment Consent Preference Updated': 'consent',
  'Signed Out': 'reset',
}

/** GA4's events with items or an amount. */
const COMMERCE = new Set([
  ...['view_item', 'view_item_list', 'select_item', 'view_promotion', 'select_promotion', 'search', 'share'],
  ...['add_to_cart', 'remove_from_cart', 'view_cart', 'begin_checkout', 'add_shipping_info', 'add_payment_info'],
  ...['purchase', 'refund', 'add_to_wishlist'],
])

/** Segment's e-commerce events without a name in GA4. */
const SPEC_NAME = /^(Product|Order|Cart|Checkout|Coupon|Promotion|Wishlist)s? /

/** Properties that describe people, as senders spell them. */
const PERSONAL = new Set([
  ...['email', 'phone', 'firstname', 'lastname', 'username', 'birthday', 'address', 'traits'],
  ...['recipient', 'sharemessage'],
])

/** Segment's product fields and their GA4 names. */
const ITEM_NAMES: Record<string, string> = {
  product_id: 'item_id',
  name: 'item_name',
  category: 'item_category',
  brand: 'item_brand',
  variant: 'item_variant',
  position: 'index',
}

/** If a call is about one product, these of its properties belong to the product. */
const PRODUCT_FIELDS = [...Object.keys(ITEM_NAMES), 'sku', 'price', 'quantity', 'url', 'image_url']

/** Segment's event fields and their GA4 names. */
const NAMES: Record<string, string> = { order_id: 'transaction_id', list_id: 'item_list_id' }

/** More of them for single events, because the same word means something else in others. */
const NAMES_OF: Record<string, Record<string, string>> = {
  search: { query: 'search_term' },
  share: { share_via: 'method' },
  add_payment_info: { payment_method: 'payment_type' },
  view_promotion: { name: 'promotion_name', creative: 'creative_name', position: 'creative_slot' },
  select_promotion: { name: 'promotion_name', creative: 'creative_name', position: 'creative_slot' },
}

/** Maps a call. Null for a `track` without a name. */
export function mapCall(call: CallDetails): MappedEvent | null {
  switch (call.kind) {
    case 'track':
      return call.event === undefined || call.event.trim() === '' ? null : tracked(call.event.trim(), call)
    case 'page':
    case 'screen':
      return viewed(call)
    case 'group':
      // A group's traits describe people and companies.
      return {
        type: 'group',
        ...pageOf(call.page, call.campaign),
        ...(call.groupId === undefined ? {} : { props: { group_id: call.groupId } }),
      }
    case 'identify':
      return { type: 'identify', ...pageOf(call.page, call.campaign), props: { kind: 'login' } }
    case 'alias':
      return { type: 'alias', ...pageOf(call.page, call.campaign) }
  }
}

function tracked(name: string, { properties, page, campaign }: CallDetails): MappedEvent {
  const type = ((Object.hasOwn(OWN_NAMES, name) ? OWN_NAMES[name] : undefined) ?? eventType(name)).slice(0, MAX_TYPE)
  const known = withoutPersonal(properties)
  // A choice of consent is carried by the consent itself.
  const own = type === 'consent' ? {} : COMMERCE.has(type) || SPEC_NAME.test(name) ? commerce(type, known) : known
  const place = pageOf(page, campaign)
  const props = type === 'consent' || place.url !== undefined ? own : { ...campaignProps(campaign), ...own }
  return { type, ...place, ...(Object.keys(props).length === 0 ? {} : { props }) }
}

function viewed({ kind, event, name: own, category, properties, page, campaign }: CallDetails): MappedEvent {
  const { url, referrer, title, search } = properties
  // RudderStack's SDKs for apps call a screen `event`.
  const name = own ?? (kind === 'screen' ? event : undefined)
  const place = pageOf(
    {
      url: url === undefined ? page.url : url,
      search: url === undefined || search === undefined ? page.search : search,
      referrer: referrer === undefined ? page.referrer : referrer,
      title: title === undefined ? page.title : title,
    },
    campaign,
  )
  const props = {
    ...(place.url === undefined ? campaignProps(campaign) : {}),
    ...withoutPersonal(withoutAddresses(properties)),
    ...(name === undefined ? {} : { name }),
    ...(category === undefined ? {} : { category }),
  }
  return {
    type: 'page',
    ...place,
    ...(kind === 'screen' && name !== undefined ? { title: name.slice(0, MAX_TITLE) } : {}),
    ...(Object.keys(props).length === 0 ? {} : { props }),
  }
}

function commerce(type: string, properties: Record<string, unknown>): Record<string, unknown> {
  const { products, ...rest } = properties
  const props = renamed(rest, { ...NAMES, ...NAMES_OF[type] })
  const list = Array.isArray(products) ? products : null
  if (!Array.isArray(props.items)) {
    if (list) props.items = list.map(itemOf)
    else if (props.product_id !== undefined || props.sku !== undefined) {
      const product = Object.fromEntries(PRODUCT_FIELDS.map((field) => [field, props[field]]))
      for (const field of PRODUCT_FIELDS) delete props[field]
      props.items = [itemOf(given(product))]
    }
  } else if (list) props.products = list
  // Other forms of a list are left to its reader.
  if (list === null && products !== undefined) props.products = products
  const value = [props.value, props.total, props.revenue].map(plainAmount).find((amount) => amount !== null)
  if (value !== undefined) props.value = value
  if (typeof props.currency === 'string') props.currency = props.currency.toUpperCase()
  return props
}

/** A product as a GA4 item. A value that is not an object stays as it is; its reader drops it. */
function itemOf(product: unknown): unknown {
  if (typeof product !== 'object' || product === null || Array.isArray(product)) return product
  const item = renamed(product as Record<string, unknown>, ITEM_NAMES)
  if (item.item_id === undefined && item.sku !== undefined) item.item_id = item.sku
  if (typeof item.item_id === 'number' && isExactNumber(item.item_id)) item.item_id = String(item.item_id)
  for (const name of ['price', 'quantity']) {
    const amount = plainAmount(item[name])
    if (amount !== null) item[name] = amount
  }
  return item
}

/** An amount as a number. Null if it is none, or if its text also names a currency, which would be lost. */
function plainAmount(value: unknown): number | null {
  const read = readAmount(value, null)
  return read === null || read.currency !== null ? null : read.amount
}

/** The same values under new names; a value already under its new name wins. */
function renamed(from: Record<string, unknown>, names: Record<string, string>): Record<string, unknown> {
  const own = (name: string) => (Object.hasOwn(names, name) ? names[name] : undefined) ?? name
  const entries = Object.entries(from).filter(([name]) => own(name) === name || from[own(name)] === undefined)
  return Object.fromEntries(entries.map(([name, value]) => [own(name), value]))
}

function withoutPersonal(properties: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties).filter(([name]) => !PERSONAL.has(name.toLowerCase().replace(/[_\s-]/g, ''))),
  )
}

/**
 * What SDKs say of a page's address, besides what the shop says of the page. The address has fields of its own, and its
 * query, which may hold anything, is cut like every event's.
 */
const ADDRESSES = new Set([
  ...['url', 'path', 'search', 'title', 'referrer', 'tab_url'],
  ...['referring_domain', 'initial_referrer', 'initial_referring_domain'],
])

function withoutAddresses(properties: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !ADDRESSES.has(name)))
}

function pageOf(page: Record<string, unknown>, campaign: unknown): { url?: string; referrer?: string; title?: string } {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
  const address = (value: unknown) => ((text(value)?.length ?? 0) > MAX_URL ? undefined : text(value))
  const url = address(page.url)
  return given({
    url: url === undefined ? undefined : address(fullAddress(url, page.search, campaign)),
    referrer: address(page.referrer),
    title: text(page.title)?.slice(0, MAX_TITLE),
  })
}

/** Drops undefined values. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
}
