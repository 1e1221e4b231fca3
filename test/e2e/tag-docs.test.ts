/** Runs the examples of docs/tag.md and docs/events.md in a real browser: no call is wrong, and every event is read whole. */
import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readCommerce } from '../../server/domain/commerce/read.ts'
import { STANDARD_TYPES } from '../../server/domain/event.ts'
import { INSTALL_MS, newVisitor, openBrowser } from '../support/browser.ts'
import { openShop, page } from './tag-harness.ts'

const read = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')
const examples = (name: string) => [...read(name).matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code!)

/** What the pages leave to the reader. */
const GIVEN = "const token = 'a.b.c', email = 'jp@mail.example'"

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
}, INSTALL_MS)
afterAll(() => browser.close())

test('the examples are right, and no field of their events is unread', async () => {
  const shop = await openShop({ '/': page('Home', { body: '<input id="visitor">' }) })
  const context = await newVisitor(browser)
  const tab = await context.newPage()
  const warnings: string[] = []
  tab.on('console', (message) => warnings.push(message.text()))
  await tab.goto(`${shop.url}/`, { waitUntil: 'load' })
  for (const code of [...examples('tag.md'), ...examples('events.md')]) await tab.evaluate(`{ ${GIVEN}\n${code} }`)
  const seen = () => new Set(shop.acknowledged().map(({ type }) => type))
  await expect.poll(() => [...seen()]).toContain('share')
  await expect.poll(() => tab.locator('#visitor').inputValue()).toMatch(/^v\./)
  expect(warnings).toEqual([])
  for (const { type, props = {} } of shop.acknowledged()) {
    if (!['page', 'consent', 'identify', 'reset', 'share'].includes(type)) {
      expect(readCommerce(type, props, null).problems, type).toEqual([])
    }
  }
  const inTags = [...STANDARD_TYPES].filter((type) => !/^(engagement|group|alias|.*promotion)$/.test(type))
  expect(inTags.filter((type) => !seen().has(type))).toEqual([])
  const listed = [...read('events.md').matchAll(/^\| `(\w+)` +\| [^`|]+/gm)].map(([, type]) => type)
  expect(new Set(listed)).toEqual(new Set(inTags.filter((type) => !/^(page|identify|reset|consent)$/.test(type))))
  await context.close()
  await shop.close()
})
