/**
 * Events of data layers as plugins and shops push them: the name and what was pushed, then what it means: GA4's name, the
 * pieces, each as `quantity id(variant) @ price`, `?` for what nobody said, and the value, the currency and the ids.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { meantBy } from '../../server/domain/commerce/dialect.ts'
import { readCommerce } from '../../server/domain/commerce/read.ts'

type Props = Record<string, unknown>

/** What an event means, in one line. */
function meaning(name: string, given: Props): string {
  const { type, props } = meantBy(name, given)
  const { lines, value, currency, orderId, cartId } = readCommerce(type, props ?? {}, null)
  const pieces = lines.map(
    ({ id, variant, quantity, price }) =>
      `${quantity ?? '?'} ${id}${variant === null ? '' : `(${variant})`} @ ${price ?? '?'}`,
  )
  return [type, ...pieces, value === null ? '' : `= ${value}`, currency ?? '', orderId && `order ${orderId}`, cartId]
    .filter((part) => part)
    .join(' ')
}

const RING = { id: 'A', name: 'Ring', price: '10.00', quantity: '2' }
const GA4 = { currency: 'EUR', value: 20, items: [{ item_id: 'A', price: 10, quantity: 2 }] }
const variant = {
  id: 'V1',
  title: '52',
  sku: 'R-52',
  price: { amount: 890, currencyCode: 'EUR' },
  product: { id: 'P1', title: 'Ring', type: 'Jewellery', url: '/products/ring' },
  image: { src: 'https://cdn.shop.example/ring.jpg' },
}
const checkout = {
  token: 'c-77',
  currencyCode: 'EUR',
  totalPrice: { amount: 1795, currencyCode: 'EUR' },
  lineItems: [{ id: 'L1', title: 'Ring', quantity: 2, variant }],
}

describe('an event means', () => {
  test.each<[what: string, name: string, props: Props, expected: string]>([
    ['GA4 in ecommerce', 'add_to_cart', { ecommerce: GA4 }, 'add_to_cart 2 A @ 10 = 20 EUR'],
    ['GA4 by gtag', 'purchase', { transaction_id: 'O1', ...GA4 }, 'purchase 2 A @ 10 = 20 EUR order O1'],
    [
      'Elevar',
      'dl_add_to_cart',
      { ecommerce: { currencyCode: 'EUR', add: { products: [RING] } } },
      'add_to_cart 2 A @ 10 EUR',
    ],
    [
      'Elevar’s cart',
      'dl_view_cart',
      { ecommerce: { currencyCode: 'EUR', impressions: [RING] } },
      'view_cart 2 A @ 10 EUR',
    ],
    ['Elevar’s search', 'dl_view_search_results', { ecommerce: { impressions: [RING] } }, 'search 2 A @ 10'],
    ['Stape', 'begin_checkout_stape', { ecommerce: GA4 }, 'begin_checkout 2 A @ 10 = 20 EUR'],
    ['Stape’s collection', 'view_collection_stape', { ecommerce: GA4 }, 'view_item_list 2 A @ 10 = 20 EUR'],
    [
      'gtm4wp 1',
      'gtm4wp.addProductToCartEEC',
      { ecommerce: { currencyCode: 'EUR', add: { products: [RING] } } },
      'add_to_cart 2 A @ 10 EUR',
    ],
    [
      'gtm4wp 1, an order',
      'gtm4wp.orderCompletedEEC',
      {
        ecommerce: {
          currencyCode: 'EUR',
          purchase: { actionField: { id: '1001', revenue: '20.00' }, products: [RING] },
        },
      },
      'purchase 2 A @ 10 = 20 EUR order 1001',
    ],
    ['UA under any name', 'basketThing', { ecommerce: { remove: { products: [RING] } } }, 'remove_from_cart 2 A @ 10'],
    ['UA without a name', 'ecommerce', { ecommerce: { detail: { products: [RING] } } }, 'view_item 2 A @ 10'],
    [
      'UA, a piece beside others',
      'ecommerce',
      { ecommerce: { impressions: [{ id: 'B' }], detail: { products: [RING] } } },
      'view_item 2 A @ 10',
    ],
    ['UA, a list', 'productImpression', { ecommerce: { impressions: [RING] } }, 'view_item_list 2 A @ 10'],
    ['UA, a click', 'productClick', { ecommerce: { click: { products: [RING] } } }, 'select_item 2 A @ 10'],
    ...([1, 2, 3, 4] as const).map((step): [string, string, Props, string] => [
      `UA’s checkout, step ${step}`,
      'checkout',
      { ecommerce: { checkout: { actionField: { step }, products: [RING] } } },
      `${['begin_checkout', 'add_shipping_info', 'add_payment_info', 'add_payment_info'][step - 1]} 2 A @ 10`,
    ]),
    [
      'UA’s checkout without a step',
      'checkout',
      { ecommerce: { checkout: { products: [RING] } } },
      'begin_checkout 2 A @ 10',
    ],
    ['UA’s refund', 'refund', { ecommerce: { refund: { actionField: { id: 'O1' } } } }, 'refund order O1'],
    [
      'Analyzify',
      'ee_addToCart',
      {
        product_id: ['A', 'B'],
        variant_id: ['1', '2'],
        product_price: [10, 5],
        quantity: [2, 1],
        totalValue: 25,
        currency: 'EUR',
      },
      'add_to_cart 2 A(1) @ 10 1 B(2) @ 5 = 25 EUR',
    ],
    ['Analyzify’s cart', 'ee_cartView', { product_id: ['A'], product_price: ['10.00'] }, 'view_cart ? A @ 10'],
    [
      'Analyzify’s checkout',
      'ee_checkout',
      { product_id: ['A'], quantity: [2], value: 20 },
      'begin_checkout 2 A @ ? = 20',
    ],
    [
      'Shopify, a line',
      'product_added_to_cart',
      { cartLine: { cost: { totalAmount: { amount: 1780, currencyCode: 'EUR' } }, merchandise: variant, quantity: 2 } },
      'add_to_cart 2 P1(V1) @ 890 = 1780 EUR',
    ],
    ['Shopify, a piece', 'product_viewed', { productVariant: variant }, 'view_item ? P1(V1) @ 890 EUR'],
    [
      'Shopify, a cart',
      'cart_viewed',
      {
        cart: {
          cost: { totalAmount: { amount: 890, currencyCode: 'EUR' } },
          lines: [{ merchandise: variant, quantity: 1 }],
        },
      },
      'view_cart 1 P1(V1) @ 890 = 890 EUR',
    ],
    ['Shopify, a checkout', 'checkout_started', { checkout }, 'begin_checkout 2 P1(V1) @ 890 = 1795 EUR c-77'],
    [
      'Shopify, shipping',
      'checkout_shipping_info_submitted',
      { checkout },
      'add_shipping_info 2 P1(V1) @ 890 = 1795 EUR c-77',
    ],
    [
      'Shopify, an order',
      'checkout_completed',
      { checkout: { ...checkout, order: { id: '4711' } } },
      'purchase 2 P1(V1) @ 890 = 1795 EUR order 4711 c-77',
    ],
    ['a shop’s own event', 'size_guide_opened', { size: 52 }, 'size_guide_opened'],
    ['a shop’s own event of a plain name', 'checkout', { step: 2 }, 'checkout'],
    ['a plugin’s own event', 'dl_subscribe', { lead_type: 'footer' }, 'dl_subscribe'],
    ['a name of an object’s own', 'constructor', { ecommerce: { constructor: {} } }, 'constructor'],
  ])('%s', (_, name, props, expected) => {
    expect(meaning(name, props)).toBe(expected)
  })
})

const CAPTURES = new URL('../../../shared/data/cases/datalayer', import.meta.url).pathname

describe.skipIf(!existsSync(CAPTURES))('what running shops pushed (skipped where there are no captures)', () => {
  test.each(existsSync(CAPTURES) ? readdirSync(CAPTURES) : [])('%s is read', (file) => {
    const { pushes } = JSON.parse(readFileSync(`${CAPTURES}/${file}`, 'utf8'))
    const events = pushes.flatMap(({ form, push }: { form: string; push: any }): [string, Props][] => {
      if (form === 'arguments') return [[push[1], push[2]]]
      return push.ecommerce ? [[push.event, { ecommerce: push.ecommerce }]] : []
    })
    const types = events.map(([name, props]: [string, Props]) => meaning(name, props).split(' ')[0])
    const lines = events.map(([name, props]: [string, Props]) => meaning(name, props))
    expect(types).toEqual(events.map(([name]: [string, Props]) => name))
    // Each of them is about a piece.
    for (const line of lines) expect(line).toMatch(/[\d?] \S+ @/)
  })
})
