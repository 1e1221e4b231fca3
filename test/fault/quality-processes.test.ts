/**
 * What shops send and nobody can read, and what comes without consent, counted by several processes on one database: they
 * add up to one count, also when they write at the same moment.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newVisitor, post, type SiteView } from '../support/requests.ts'
import { batch, consent, event } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

let first: TestServer
let second: TestServer
let key: string

beforeAll(async () => {
  first = await startServer()
  second = await startServer({ env: { DATABASE_URL: first.databaseUrl! } })
  key = (await first.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')).key
})
// The first one removes the database that they share.
afterAll(async () => {
  await second.stop()
  await first.stop()
})

const newSite = (id: string) => first.cli<SiteView>('sites', 'create', '--id', id, '--origin', `https://${id}.example`)

async function sendTo(server: TestServer, site: string, events: unknown[], more: Record<string, unknown> = {}) {
  const body = JSON.stringify(batch(events, { site, visitor: newVisitor(), ...more }))
  expect((await post(server, body, { authorization: `Bearer ${key}` })).status).toBe(202)
}

type Line = { event: string; problem: string; count: number; example: string | null; advice: string }
const linesOf = async (server: TestServer, site: string) =>
  (await server.get<{ data: Line[] }>(`/api/v1/reports/quality?site=${site}`)).data

test('problems add up', async () => {
  await newSite('problems')
  const bad = (type: string) => event(type, 0, { items: [{ item_id: 'ring', price: '?', quantity: 'a few' }] })
  for (let round = 0; round < 10; round++) {
    const events = ['add_to_cart', 'view_cart', 'begin_checkout'].map(bad)
    await Promise.all(
      [first, second].map((server) => sendTo(server, 'problems', [...events, { ...event('page'), at: 'noon' }])),
    )
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const expected = ['add_to_cart', 'begin_checkout', 'page', 'view_cart'].flatMap((type) =>
    type === 'page'
      ? [['page', 'time_unreadable', 20, 'noon']]
      : [
          [type, 'price_unreadable', 20, '?'],
          [type, 'quantity_unreadable', 20, 'a few'],
        ],
  )
  for (const server of [first, second]) {
    await expect
      .poll(async () =>
        (await linesOf(server, 'problems')).map((line) => [line.event, line.problem, line.count, line.example]),
      )
      .toEqual(expected)
  }
})

test('events without consent add up', async () => {
  await newSite('silent')
  const without = { consent: consent({ analytics: false }) }
  await sendTo(first, 'silent', [event('page'), event('page')], without)
  await sendTo(second, 'silent', [event('page')], without)
  await sendTo(second, 'silent', [event('page')])
  const sentence = '3 of 4 events of the last hour had no consent'
  for (const server of [first, second]) {
    await expect.poll(async () => (await linesOf(server, 'silent'))[0]?.advice).toMatch(sentence)
    const { missing_consent } = await server.get('/api/v1/reports/overview')
    expect(missing_consent).toEqual([{ site: 'silent', door: 'api', events: 4, without_consent: 3 }])
    const findings = await server.cli<{ what: string }[]>('doctor')
    expect(findings.map(({ what }) => what).join('\n')).toContain(`silent: ${sentence}`)
  }
  await expect.poll(() => [first, second].some((server) => server.output().stderr.includes(sentence))).toBe(true)
})

test('pages and names past the fiftieth', async () => {
  await newSite('names')
  const cut = (name: string) => ({ ...event(name), title: 't'.repeat(1025) })
  await sendTo(
    first,
    'names',
    Array.from({ length: 45 }, (_, n) => cut(`first ${n}`)),
  )
  await expect.poll(async () => (await linesOf(first, 'names')).length).toBe(45)
  await sendTo(
    second,
    'names',
    Array.from({ length: 45 }, (_, n) => cut(`second ${n}`)),
  )
  await expect.poll(async () => (await linesOf(first, 'names')).length).toBe(51)
  const all = await linesOf(first, 'names')
  const { data, next } = await first.get('/api/v1/reports/quality?site=names&limit=50')
  const rest = await first.get(`/api/v1/reports/quality?site=names&limit=50&after=${next}`)
  expect([...data, ...rest.data]).toEqual(all)
  expect(all.reduce((sum, { count }) => sum + count, 0)).toBe(90)
})
