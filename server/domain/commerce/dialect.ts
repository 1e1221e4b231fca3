/**
 * What an event of a shop's data layer means in GA4's terms: its name, and where its pieces are not listed as GA4 lists them,
 * its properties. Shops and their plugins name and shape such events in many ways, and the tag sends them as they stand.
 *
 * Universal Analytics says what happened by a key below `ecommerce`, under whatever name. Plugins put a prefix or a suffix to
 * GA4's names, Shopify and Analyzify have their own. Any other event is the shop's own and stays as it is.
 */
import { eventType, STANDARD_TYPES } from '../event.ts'
import { fieldsOf, firstOf } from './fields.ts'

type Props = Record<string, unknown>

/** An event as it is meant. */
export type Meant = { type: string; props: Props | undefined }

/** Names that plugins and shops have for GA4's events, in snake case without prefix and suffix. */
const SYNONYMS: Record<string, string> = {
  add_product_to_cart: 'add_to_cart',
  product_added_to_cart: 'add_to_cart',
  remove_product_from_cart: 'remove_from_cart',
  product_removed_from_cart: 'remove_from_cart',
  cart_view: 'view_cart',
  cart_viewed: 'view_cart',
  product_detail: 'view_item',
  product_viewed: 'view_item',
  product_impression: 'view_item_list',
  collection_viewed: 'view_item_list',
  view_collection: 'view_item_list',
  product_click: 'select_item',
  checkout: 'begin_checkout',
  checkout_started: 'begin_checkout',
  checkout_shipping_info_submitted: 'add_shipping_info',
  payment_info_submitted: 'add_payment_info',
  payment_info: 'add_payment_info',
  checkout_completed: 'purchase',
  order_completed: 'purchase',
  search_submitted: 'search',
  view_search_results: 'search',
}

/** Names that only Shopify's pixels have; the other synonyms are too plain to count without a plugin's prefix. */
const SHOPIFY =
  /^(product_(added_to|removed_from)_cart|(cart|product|collection)_viewed|checkout_(started|completed|shipping_info_submitted)|payment_info_submitted|search_submitted)$/

/** What plugins put before and after a name. */
const PREFIX = /^(?:dl_|ee_|eec\.|gtm4wp\.)/
const SUFFIX = /(?:_stape|EEC)$/

/** Universal Analytics' actions, the one that counts first, with the steps of its checkout. */
const ACTIONS: [key: string, type: string][] = [
  ['purchase', 'purchase'],
  ['refund', 'refund'],
  ['add', 'add_to_cart'],
  ['remove', 'remove_from_cart'],
  ['checkout', 'begin_checkout'],
  ['detail', 'view_item'],
  ['click', 'select_item'],
  ['impressions', 'view_item_list'],
  ['promoclick', 'select_promotion'],
  ['promoview', 'view_promotion'],
]
const STEPS = ['begin_checkout', 'add_shipping_info', 'add_payment_info']

/** No list of a shop is longer. */
const MAX_LINES = 200

/** Reads the name and the properties of an event. */
export function meantBy(name: string, props: Props | undefined): Meant {
  const known = eventType(name)
  if (props === undefined) return { type: known, props }
  const plain = name.replace(PREFIX, '').replace(SUFFIX, '')
  const isPlugin = plain !== name
  const snake = plain.replace(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase()
  const synonym = isPlugin || SHOPIFY.test(name) ? ownOf(SYNONYMS, snake) : undefined
  if (STANDARD_TYPES.has(known) && !isPlugin) return { type: known, props }
  if (synonym !== undefined || (isPlugin && STANDARD_TYPES.has(snake))) {
    return { type: synonym ?? snake, props: withItems(props) }
  }
  return { type: actionOf(props) ?? known, props }
}

function ownOf(names: Record<string, string>, name: string): string | undefined {
  return Object.hasOwn(names, name) ? names[name] : undefined
}

/** What Universal Analytics' key says. Undefined without one. */
function actionOf(props: Props): string | undefined {
  if (!Object.hasOwn(props, 'ecommerce')) return undefined
  const ecommerce = fieldsOf(props.ecommerce)
  const [key, type] = ACTIONS.find(([name]) => isThere(ecommerce.get(name))) ?? []
  if (key !== 'checkout') return type
  const step = Number(fieldsOf(fieldsOf(ecommerce.get(key)).get('actionfield')).get('step'))
  return STEPS[Math.min(step, STEPS.length) - 1] ?? type
}

const isThere = (value: unknown) => typeof value === 'object' && value !== null

/** The properties with a list of items, where they have another shape: Analyzify's parallel lists, or Shopify's objects. */
function withItems(props: Props): Props {
  return fromShopify(props) ?? fromParallel(props) ?? props
}

/** Analyzify's lists, one for each field. */
const PARALLEL: [item: string, names: string[]][] = [
  ['item_id', ['productid', 'itemid', 'productsku']],
  ['item_name', ['productname', 'itemname']],
  ['item_variant', ['varianttitle', 'variantid']],
  ['item_category', ['producttype']],
  ['price', ['productprice', 'price']],
  ['quantity', ['quantity', 'productquantity']],
]

function fromParallel(props: Props): Props | null {
  const fields = fieldsOf(props)
  const lists = PARALLEL.flatMap(([item, names]): [string, unknown[]][] => {
    const list = firstOf(fields, names)
    return Array.isArray(list) ? [[item, list]] : []
  })
  const [first] = lists
  if (first?.[0] !== 'item_id') return null
  const items = first[1]
    .slice(0, MAX_LINES)
    .map((_, i) => Object.fromEntries(lists.map(([item, list]) => [item, list[i]])))
  const rest = Object.entries(props).filter(([, value]) => !Array.isArray(value))
  return { ...Object.fromEntries(rest), items }
}

/** What Shopify's pixels hand over: a line, a cart, a checkout, a variant or a collection. */
function fromShopify(props: Props): Props | null {
  const data = fieldsOf(props)
  const line = data.get('cartline')
  const cart = fieldsOf(data.get('cart'))
  const checkout = fieldsOf(data.get('checkout'))
  const { of, lists } = {
    of: checkout.size > 0 ? checkout : cart,
    lists: [checkout.get('lineitems'), cart.get('lines'), fieldsOf(data.get('collection')).get('productvariants')],
  }
  const variant = data.get('productvariant')
  const found = line ? [line] : variant ? [variant] : lists.find(Array.isArray)
  if (!Array.isArray(found)) return null
  const items = found.slice(0, MAX_LINES).map(shopifyItem)
  const total = line
    ? fieldsOf(fieldsOf(line).get('cost')).get('totalamount')
    : (of.get('totalprice') ?? fieldsOf(of.get('cost')).get('totalamount'))
  const known = {
    currency: of.get('currencycode') ?? fieldsOf(total).get('currencycode'),
    value: total,
    items,
    cart_id: checkout.get('token'),
    transaction_id: fieldsOf(checkout.get('order')).get('id'),
  }
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined))
}

function shopifyItem(given: unknown): Props {
  const line = fieldsOf(given)
  const own = line.get('merchandise') ?? line.get('variant')
  const variant = own === undefined ? line : fieldsOf(own)
  const product = fieldsOf(variant.get('product'))
  const item = {
    item_id: product.get('id') ?? variant.get('id'),
    item_variant: variant.get('id'),
    item_name: product.get('title') ?? line.get('title'),
    item_category: product.get('type'),
    price: variant.get('price'),
    quantity: line.get('quantity'),
    url: product.get('url'),
    image_url: fieldsOf(variant.get('image')).get('src'),
  }
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined))
}
