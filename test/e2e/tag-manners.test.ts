/**
 * How the tag behaves on other people's pages, in a real browser with a recording collector (tag-harness.ts): its one
 * global, strict policies, the ways to insert it, and what it explains to whoever debugs a page.
 */
import { createHash } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'
import { INSTALL_MS, newVisitor, openBrowser } from '../support/browser.ts'
import { openShop, type Shop } from './tag-harness.ts'

const CHOICE = '{analytics: true, identity: false, marketing: false}'
const GRANT = `couture('consent', ${CHOICE})`
/** Longer than the tag gathers events (500 ms). */
const QUIET_MS = 700

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
}, INSTALL_MS)
afterAll(() => browser.close())

/** Opens a page in the tab of a new visitor. An exception that reaches the page fails the test. */
async function visit({ onTestFinished, expect }: TestContext, html: (shop: Shop, tag: string) => string, host = '') {
  const shop = await openShop()
  const tag = await (await fetch(`${shop.url}/c/tag.js`)).text()
  shop.pages['/'] = html(shop, tag)
  const context = await newVisitor(browser)
  const errors: string[] = []
  const told: string[] = []
  context.on('weberror', (error) => errors.push(String(error.error())))
  context.on('console', (message) => told.push(message.text()))
  onTestFinished(async () => {
    await context.close()
    await shop.close()
    expect(errors).toEqual([])
  })
  const tab = await context.newPage()
  await tab.goto(`${host ? shop.url.replace('127.0.0.1', host) : shop.url}/`, { waitUntil: 'load' })
  const until = (check: () => unknown) => expect.poll(check, { timeout: 20_000, interval: 50 })
  return { shop, tab, told, until }
}

const run = (tab: Page, code: string) => tab.evaluate(code)
const quiet = () => new Promise((resolve) => setTimeout(resolve, QUIET_MS))
const kept = (shop: Shop) => shop.acknowledged().map(({ type }) => type)
const stub = (name = 'couture') =>
  `window.${name}=window.${name}||function(){(${name}.q=${name}.q||[]).push(arguments)}`

describe.concurrent('the tag', () => {
  test('takes the name that the page gives it, and leaves another its own', async (t) => {
    const { shop, tab, until } = await visit(
      t,
      () => `<!doctype html><title>Home</title><script>window.couture = {collection: 'spring'}; ${stub('atelier')}
        atelier('track', 'early'); atelier('consent', ${CHOICE})</script>
        <script async src="/c/tag.js?site=demo" data-name="atelier"></script>`,
    )
    await until(() => kept(shop)).toEqual(['consent', 'page', 'early'])
    await run(tab, "atelier('track', 'late')")
    await until(() => kept(shop)).toContain('late')
    expect(await run(tab, 'JSON.stringify(couture)')).toBe('{"collection":"spring"}')
    expect(await run(tab, 'typeof atelier.lost')).toBe('object')
  })

  test('adds one global, changes no prototype, and leaves the calls of history as they are', async (t) => {
    const { shop, tab, until } = await visit(
      t,
      () => `<!doctype html><title>Home</title><script>
        const all = () => [window, History.prototype, Storage.prototype, Element.prototype, Array.prototype, XMLHttpRequest.prototype]
          .map((each) => Object.getOwnPropertyNames(each).map((name) => { try { return [name, each[name]] } catch { return [name] } }))
        window.before = all(); window.own = Object.getOwnPropertyNames(history)
        window.changes = () => all().flatMap((each, i) => each.filter(([name, value]) =>
          !before[i].some(([known, was]) => known === name && (was === value || typeof value !== 'function'))).map(([name]) => name))
        </script><script async src="/c/tag.js?site=demo"></script>`,
    )
    await until(() => run(tab, 'typeof window.couture')).toBe('function')
    await run(tab, GRANT)
    await until(() => kept(shop)).toEqual(['consent', 'page'])
    expect(await run(tab, 'changes().filter((name) => !/^(before|own|changes)$/.test(name))')).toEqual(['couture'])
    expect(await run(tab, 'Object.getOwnPropertyNames(history).length - own.length')).toBe(0)
  })

  test.for<[string, (tag: string) => { policy: string; script: string }]>([
    [
      'with a nonce',
      () => ({
        policy: "script-src 'nonce-r4nd0m' 'strict-dynamic'; connect-src 'self'; base-uri 'none'",
        script: '<script nonce="r4nd0m" async src="/c/tag.js?site=demo"></script>',
      }),
    ],
    [
      'with its hash, and integrity',
      (tag) => {
        const hash = `sha384-${createHash('sha384').update(tag).digest('base64')}`
        return {
          policy: `script-src 'nonce-r4nd0m' '${hash}' 'self'; connect-src 'self'`,
          script: `<script async src="/c/tag.0123456789abcdef.js?site=demo" integrity="${hash}" crossorigin="anonymous"></script>`,
        }
      },
    ],
    [
      'from the own host only',
      () => ({
        policy: "default-src 'self'; script-src 'self' 'nonce-r4nd0m'; require-trusted-types-for 'script'",
        script: '<script src="/c/tag.js?site=demo" defer></script>',
      }),
    ],
  ])('runs under a strict policy %s', async ([, parts], t) => {
    const { shop, told, until } = await visit(t, (_, tag) => {
      const { policy, script } = parts(tag)
      return `<!doctype html><title>Home</title><meta http-equiv="Content-Security-Policy" content="${policy}">
        <script nonce="r4nd0m">${stub()}; ${GRANT}; couture('track', 'a')</script>${script}`
    })
    await until(() => kept(shop)).toEqual(['consent', 'page', 'a'])
    expect(told).toEqual([])
  })

  test.for([
    ['deferred', '<script defer src="/c/tag.js?site=demo"></script>'],
    ['as a module', '<script type="module" src="/c/tag.js?site=demo"></script>'],
    [
      'by a tag manager',
      `<script>(function(d){var s=d.createElement('script');s.async=true;s.src='/c/tag.js?site=demo';
        var f=d.getElementsByTagName('script')[0];f.parentNode.insertBefore(s,f)})(document)</script>`,
    ],
    ['twice', '<script async src="/c/tag.js?site=demo"></script><script async src="/c/tag.js?site=demo"></script>'],
  ])('runs once when it is inserted %s', async ([, script], t) => {
    const { shop, until } = await visit(
      t,
      () => `<!doctype html><title>Home</title><script>${stub()}; couture('track', 'a'); ${GRANT}</script>${script}`,
    )
    await until(() => kept(shop)).toEqual(['consent', 'page', 'a'])
    await quiet()
    expect(kept(shop)).toHaveLength(3)
    expect(shop.parts).toHaveLength(1)
  })
})

describe.concurrent('data-debug', () => {
  const html =
    (attribute: string, inline = '') =>
    () =>
      `<!doctype html><title>Home</title><script>${stub()}; ${inline}</script>
     <script async src="/c/tag.js?site=demo" ${attribute}></script>`

  test('says what waits and why, consent first, and then what is sent', async (t) => {
    const { shop, tab, told, until } = await visit(t, html('data-debug', "couture('track', 'early')"))
    await until(() => told.join('\n')).toMatch(/consent: waiting for a choice/)
    expect(told[0]).toMatch(/consent: waiting for a choice/)
    expect(told.join('\n')).toMatch(/early: held in memory/)
    expect(shop.requests).toEqual([])
    await run(tab, `${GRANT}; couture('identify', {contact_id: '7'})`)
    await until(() => told.join('\n')).toMatch(/answer: the collector has them on disk/)
    const all = told.join('\n')
    expect(all).toMatch(/consent \(manual\): analytics granted; identity denied; marketing denied/)
    expect(all).toMatch(/sent: consent, page http\S+, early/)
    await run(tab, "couture('consent', {analytics: false}); couture('track', 'after')")
    await until(() => told.join('\n')).toMatch(/after: dropped: analytics is denied/)
  })

  test('is silent without the attribute, but for a page on localhost', async (t) => {
    const { shop, told, until } = await visit(t, html('', GRANT))
    await until(() => kept(shop)).toEqual(['consent', 'page'])
    await quiet()
    expect(told).toEqual([])
    const local = await visit(t, html(''), 'localhost')
    await local.until(() => local.told.join('\n')).toMatch(/consent: waiting for a choice/)
  })
})
