/**
 * The recipes of docs/shops: what each page's example pushes is sent by the tag in a real browser, and means what the page's
 * table says. Shopify's pixel runs in a frame as Shopify makes it, with its events.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { meantBy } from '../../server/domain/commerce/dialect.ts'
import { readCommerce } from '../../server/domain/commerce/read.ts'
import { INSTALL_MS, newVisitor, openBrowser } from '../support/browser.ts'
import { openShop, page } from './tag-harness.ts'

const FOLDER = new URL('../../docs/shops/', import.meta.url)
const read = (file: string) => readFileSync(new URL(file, FOLDER), 'utf8')
const blocks = (text: string, language: string) =>
  [...text.matchAll(/^```(\w+)\n(.*?)^```/gms)].filter(([, name]) => name === language).map(([, , code]) => code!)

/** The rows of the page's table: the event, its pieces, its order. */
const rows = (text: string) =>
  text
    .slice(text.indexOf('| arrives as'))
    .split('\n')
    .slice(2)
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', '')),
    )

/** What happens on Shopify: a product is looked at, put into the cart, and one of two taken out again. */
const VARIANT = {
  id: '4201',
  title: 'Gold',
  price: { amount: 890, currencyCode: 'EUR' },
  product: { id: '7001', title: 'Bracelet', type: 'Jewellery', url: '/products/bracelet', vendor: 'Shop' },
}
const line = (quantity: number) => ({
  merchandise: VARIANT,
  quantity,
  cost: { totalAmount: { amount: 890 * quantity, currencyCode: 'EUR' } },
})
const SHOPIFY = [
  ['product_viewed', { productVariant: VARIANT }],
  ['product_added_to_cart', { cartLine: line(2) }],
  ['product_removed_from_cart', { cartLine: line(1) }],
  ['cart_viewed', { cart: { id: 'gid://shopify/Cart/c1', lines: [line(1)], cost: line(1).cost } }],
  ['checkout_started', { checkout: { email: 'anna@mail.example', token: 't' } }],
]

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
}, INSTALL_MS)
afterAll(() => browser.close())

const GTAG = 'window.dataLayer = window.dataLayer || []; function gtag() { dataLayer.push(arguments) }'
const GRANT = "couture('consent', {analytics: true, identity: true, marketing: true})"
const pages = readdirSync(FOLDER).filter((file) => file !== 'README.md')

test.each(pages)('%s', async (file) => {
  const text = read(file)
  let inline = `${GTAG}; ${GRANT}; ${blocks(text, 'js').join('\n')}`
  let body = ''
  if (file === 'shopify.md') {
    const [theme = ''] = blocks(text, 'html')
    const [pixel] = blocks(text, 'js')
    inline = `${/<script>(.*?)<\/script>/s.exec(theme)![1]}; ${GRANT}`
    // Shopify's frame: without an origin, with its API and the events that it tells.
    const frame = `<script>
      const listeners = {}
      const analytics = { subscribe(name, listener) { listeners[name] = listener } }
      ${pixel}
      for (const [name, data] of ${JSON.stringify(SHOPIFY)}) listeners[name] && listeners[name]({ id: 'e', name, data })
    </script>`
    body = `<iframe sandbox="allow-scripts allow-forms" srcdoc="${frame.replaceAll('"', '&quot;')}"></iframe>`
  }
  const shop = await openShop({ '/': page('Home', { inline, body }) }, { datalayer: 'dataLayer' })
  const context = await newVisitor(browser)
  try {
    const tab = await context.newPage()
    await tab.goto(`${shop.url}/`)
    const expected = rows(text)
    const told = () => shop.arrived().filter(({ type }) => !/^(page|consent)$/.test(type))
    await expect.poll(() => told().length, { timeout: 20_000 }).toBe(expected.length)
    const meant = told().map((event) => {
      const { type, props = {} } = meantBy(event.type, event.props)
      const { lines, orderId } = readCommerce(type, props, 'EUR')
      const pieces = lines.map(({ id, variant, quantity, price }) => {
        return `${quantity ?? '?'} ${id}${variant === null ? '' : `(${variant})`} @ ${price ?? '?'}`
      })
      return [type, pieces.join(', '), orderId ?? '']
    })
    expect(meant).toEqual(expected)
    expect(JSON.stringify(shop.arrived())).not.toContain('anna@mail.example')
  } finally {
    await context.close()
    await shop.close()
  }
})
