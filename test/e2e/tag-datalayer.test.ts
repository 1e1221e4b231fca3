/**
 * The tag on pages with a data layer, in a real browser, with a recording collector (tag-harness.ts): pushes from before the
 * tag and after it, objects and calls of `gtag`, arrays of other names, arrays and `push` that the page replaces. Nothing is
 * read before consent, nothing of a person leaves the page, and the page's own pushes work as before. What the pushes mean
 * is in test/unit/commerce-dialect.test.ts.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, type TestContext, test, vi } from 'vitest'
import { INSTALL_MS, newVisitor, openBrowser } from '../support/browser.ts'
import { openShop, page } from './tag-harness.ts'

const GRANT = "couture('consent', {analytics: true, identity: true, marketing: true})"
const REFUSE = "couture('consent', {analytics: false})"
const GTAG = 'window.dataLayer = window.dataLayer || []; function gtag() { dataLayer.push(arguments) }'
const CART =
  "{event: 'add_to_cart', ecommerce: {currency: 'EUR', value: 10, items: [{item_id: 'A', price: 10, quantity: 1}]}}"
/** Longer than the tag gathers events (500 ms), and than the reader looks again. */
const quiet = () => new Promise((resolve) => setTimeout(resolve, 1100))

// The tests mostly wait.
vi.setConfig({ maxConcurrency: 10 })

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
}, INSTALL_MS)
afterAll(() => browser.close())

/** A shop whose pages run `inline` in the head, and a new visitor. An exception that reaches the page fails the test. */
async function visit({ onTestFinished, expect }: TestContext, inline: string, datalayer = 'dataLayer') {
  const shop = await openShop({ '/': page('Home', { inline }) }, { datalayer })
  const context = await newVisitor(browser)
  const errors: string[] = []
  context.on('weberror', (error) => errors.push(String(error.error())))
  onTestFinished(async () => {
    await context.close()
    await shop.close()
    expect(errors).toEqual([])
  })
  const tab = await context.newPage()
  await tab.goto(`${shop.url}/`)
  await tab.waitForFunction(() => window.couture?.lost)
  const until = (check: () => unknown) => expect.poll(check, { timeout: 20_000, interval: 50 })
  /** What arrived besides views and choices, as `type: properties`. */
  const told = () =>
    shop
      .arrived()
      .filter(({ type }) => !/^(page|consent)$/.test(type))
      .map(({ type, props }) => `${type}: ${JSON.stringify(props)}`)
  return { shop, tab, until, told }
}

const run = (tab: Page, code: string) => tab.evaluate(code)
const SENT =
  'add_to_cart: {"ecommerce":{"currency":"EUR","value":10,"items":[{"item_id":"A","price":10,"quantity":1}]}}'

describe.concurrent('a push reaches the collector once', () => {
  test.for<[what: string, inline: string, later: string, name?: string]>([
    ['from before the tag', `dataLayer = [${CART}]; ${GRANT}`, ''],
    ['from before consent', `dataLayer = []; dataLayer.push(${CART})`, GRANT],
    ['after the tag', `dataLayer = []; ${GRANT}`, `dataLayer.push({ecommerce: null}, ${CART})`],
    ['into an array that is made later', GRANT, `dataLayer = []; dataLayer.push(${CART})`],
    ['into an array that the page put in place of the first', `dataLayer = []; ${GRANT}`, `dataLayer = [${CART}]`],
    [
      'by a `push` that another script put over the tag’s',
      `dataLayer = []; ${GRANT}`,
      `{ const { push } = dataLayer; dataLayer.push = function () { return push.apply(dataLayer, arguments) } }
       setTimeout(() => dataLayer.push(${CART}), 700)`,
    ],
    [
      'by a `push` that does without the tag’s',
      `dataLayer = []; ${GRANT}`,
      `dataLayer.push = function () { return Array.prototype.push.apply(this, arguments) }; dataLayer.push(${CART})`,
    ],
    [
      'into a list of another name',
      `ElevarDataLayer = []; ${GRANT}`,
      `ElevarDataLayer.push(${CART})`,
      'ElevarDataLayer',
    ],
    ['into an object that only has a `push`', `dataLayer = {push() { return 1 }}; ${GRANT}`, `dataLayer.push(${CART})`],
    [
      'from within another push',
      `dataLayer = []; ${GRANT}`,
      `{
       const { push } = dataLayer
       dataLayer.push = function (entry) { const n = push.apply(this, arguments); if (entry.first) this.push(${CART}); return n }
       dataLayer.push({ first: true }) }`,
    ],
  ])('%s', async ([, inline, later, name], t) => {
    const { shop, tab, until, told } = await visit(t, inline, name)
    // The second stage is here once the choice is told.
    if (inline.includes(GRANT)) await until(() => shop.requests.length).toBe(1)
    await run(tab, later)
    await until(told).toEqual([SENT])
    await quiet()
    expect(told()).toEqual([SENT])
  })
})

describe.concurrent('of a push is sent', () => {
  test.for<[what: string, push: string, expected: string[]]>([
    [
      'what gtag was called with',
      "gtag('event', 'purchase', {transaction_id: 'O1', value: '20,00', currency: 'EUR', items: [{id: 'A', name: 'Ring', quantity: '2'}], send_to: 'G-1'})",
      [
        'purchase: {"transaction_id":"O1","value":"20,00","currency":"EUR","items":[{"id":"A","name":"Ring","quantity":"2"}]}',
      ],
    ],
    [
      'Universal Analytics, under any name',
      "dataLayer.push({event: 'basket', ecommerce: {currencyCode: 'EUR', add: {actionField: {list: 'Rings'}, products: [{id: 'A', name: 'Ring', dimension3: 'x'}]}}})",
      [
        'basket: {"ecommerce":{"currencyCode":"EUR","add":{"actionField":{"list":"Rings"},"products":[{"id":"A","name":"Ring"}]}}}',
      ],
    ],
    [
      'Universal Analytics without a name',
      "dataLayer.push({ecommerce: {detail: {products: [{id: 'A'}]}}})",
      ['ecommerce: {"ecommerce":{"detail":{"products":[{"id":"A"}]}}}'],
    ],
    [
      'Analyzify’s lists',
      "dataLayer.push({event: 'ee_addToCart', product_id: ['A'], product_price: [5], quantity: [2], totalValue: 10, user: {email_sha256: 'x'}})",
      ['ee_addToCart: {"product_id":["A"],"product_price":[5],"quantity":[2],"totalValue":10}'],
    ],
    [
      'Shopify’s checkout without the customer',
      `dataLayer.push({event: 'checkout_completed', checkout: {token: 'c-1', email: 'a@mail.example', phone: '+33612345678', name: 'Anna',
        billingAddress: {firstName: 'Anna', city: 'Lyon'}, currencyCode: 'EUR', totalPrice: {amount: 20, currencyCode: 'EUR'},
        order: {id: '7', customer: {id: '9', firstOrder: true}}, lineItems: [{title: 'Ring', quantity: 1, variant: {id: 'v', price: {amount: 20}, product: {id: 'A', title: 'Ring'}}}]}})`,
      [
        'checkout_completed: {"checkout":{"token":"c-1","currencyCode":"EUR","totalPrice":{"amount":20,"currencyCode":"EUR"},"order":{"id":"7"},"lineItems":[{"title":"Ring","quantity":1,"variant":{"id":"v","price":{"amount":20},"product":{"id":"A","title":"Ring"}}}]}}',
      ],
    ],
    [
      'nothing of a person',
      `dataLayer.push({event: 'sign_up', method: 'mail', name: 'Anna Martin', email: 'a@mail.example', user_data: {sha256_email_address: 'x'}, userId: '7'},
        {event: 'login', id: 'user-7', token: 'eyJ', method: 'password', user: {name: 'Anna'}},
        {event: 'begin_checkout', ecommerce: {value: 5, shipping: {name: 'Anna Martin', price: 5}, order: {name: 'Anna', id: 'O1'}, items: [{id: 'A', name: 'Ring'}]}},
        {event: 'purchase', ecommerce: {transaction_id: 'a@mail.example', value: 5, customer: {id: 7}}, visitorEmail: 'a@mail.example'})`,
      [
        'sign_up: {"method":"mail"}',
        'login: {"method":"password"}',
        'begin_checkout: {"ecommerce":{"value":5,"shipping":{"price":5},"order":{"id":"O1"},"items":[{"id":"A","name":"Ring"}]}}',
        'purchase: {"ecommerce":{"value":5}}',
      ],
    ],
    [
      'nothing that is the page’s own business',
      `dataLayer.push({event: 'gtm.js', 'gtm.start': 1}, {event: 'scroll', percent: 50}, {event: 'purchase'}, 'text', null, () => {},
        {event: 'gtm.click', 'gtm.element': document.body}); gtag('config', 'G-1', {items: 1}); gtag('set', {currency: 'EUR'}); gtag('event', 'page_view', {})`,
      [],
    ],
  ])('%s', async ([, push, expected], t) => {
    const { shop, tab, until, told } = await visit(t, `${GTAG}; ${GRANT}`)
    await until(() => shop.requests.length).toBe(1)
    await run(tab, push)
    await run(tab, "couture('track', 'last')")
    await until(() => told().at(-1)).toMatch(/^last/)
    expect(told().filter((line) => !line.startsWith('last'))).toEqual(expected)
  })
})

test('nothing is read before consent, after a refusal or after a withdrawal, and a push answers as before', async (t) => {
  const { shop, tab, until, told } = await visit(t, `dataLayer = []; dataLayer.push(${CART})`)
  await quiet()
  expect(shop.requests).toEqual([])
  expect(await run(tab, 'Object.hasOwn(dataLayer, "push")')).toBe(false)
  await run(tab, GRANT)
  await until(told).toEqual([SENT])
  expect(await run(tab, 'dataLayer.push(1, 2)')).toBe(3)
  await run(tab, REFUSE)
  await run(tab, `dataLayer.push(${CART})`)
  await quiet()
  await run(tab, GRANT)
  await run(tab, `dataLayer.push({...${CART}, event: 'view_item'})`)
  await until(told).toEqual([SENT, SENT.replace('add_to_cart', 'view_item')])
})

test('the last push before the page is left is not lost', async (t) => {
  const { shop, tab, until, told } = await visit(t, `dataLayer = []; if (location.pathname === '/') ${GRANT}`)
  await until(() => shop.requests.length).toBeGreaterThan(0)
  await quiet()
  await run(tab, `dataLayer = [${CART}]; location.href = '/next'`)
  await tab.waitForURL('**/next')
  await until(told).toEqual([SENT])
})

test('a page can name its data layer itself', async (t) => {
  const named = '<script async src="/c/tag.js?site=demo" data-datalayer="ElevarDataLayer"></script>'
  const shop = await openShop({ '/': page('Home', { script: named, inline: `ElevarDataLayer = [${CART}]; ${GRANT}` }) })
  const context = await newVisitor(browser)
  t.onTestFinished(async () => {
    await context.close()
    await shop.close()
  })
  const tab = await context.newPage()
  await tab.goto(`${shop.url}/`)
  await expect.poll(() => shop.arrived().map(({ type }) => type), { timeout: 20_000 }).toContain('add_to_cart')
})

const CAPTURES = new URL('../../../shared/data/cases/datalayer', import.meta.url).pathname

describe.skipIf(!existsSync(CAPTURES))('what running shops pushed (skipped where there are no captures)', () => {
  const files = existsSync(CAPTURES) ? readdirSync(CAPTURES) : []
  test('arrives with its pieces', async (t) => {
    const captures = files.map((file) => JSON.parse(readFileSync(`${CAPTURES}/${file}`, 'utf8')))
    const pushes = captures.flatMap(({ pushes }) => pushes)
    const { tab, until, told } = await visit(t, `${GTAG}; ${GRANT}`)
    await quiet()
    await tab.evaluate((all) => {
      const { dataLayer, gtag } = window as any
      for (const { form, push } of all) {
        if (form === 'arguments') gtag(...push)
        else dataLayer.push(push)
      }
    }, pushes)
    const expected = pushes.flatMap(({ form, push }) => {
      if (form === 'arguments') return [push[1]]
      return push.ecommerce ? [push.event] : []
    })
    await until(() => told().length).toBe(expected.length)
    expect(told().map((line) => line.split(':')[0])).toEqual(expected)
    for (const line of told()) expect(line).toMatch(/"(item_)?id":/)
  })
})
