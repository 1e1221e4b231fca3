/**
 * How large segments are: by day in the shop's time zone, with who came and left and why, today as they are now; what a
 * past day says stays, over restarts and a clock that jumps. And how far segments overlap.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, problemOf, type SiteView, signLogin } from '../support/requests.ts'
import { judged } from '../support/segments.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const DAY = 24 * 3600_000
/** Where the day begins half a day before it does in UTC. */
const ZONE = 'Pacific/Auckland'

let server: TestServer
let secret: string
beforeAll(async () => {
  server = await startServer({ movable: true })
  await server.cli('sites', 'set', 'demo', `timezone=${ZONE}`)
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
})
afterAll(() => server?.stop())

type Size = {
  day: string
  people: number
  mailable: number
  entered: number
  left: number
  reasons: { entered: Record<string, number>; left: Record<string, number> }
  edited: boolean
}

const call = (method: string, path: string, body?: unknown) =>
  server.api(`/api/v1/segments${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
const put = (id: string, node: unknown) => call('PUT', `/${id}`, { name: id, node })

/** The day in the shop that is so many days after today. */
const dayOf = (days: number) => new Intl.DateTimeFormat('en-CA', { timeZone: ZONE }).format(Date.now() + days * DAY)
const sizes = (id: string, from: number, to: number) =>
  server.get<Size[]>(`/api/v1/segments/${id}/sizes?from=${dayOf(from)}&to=${dayOf(to)}`)
const membersOf = async (id: string) => {
  const { data } = await server.get<{ data: { mailable: boolean }[] }>(`/api/v1/segments/${id}/members`)
  return { people: data.length, mailable: data.filter(({ mailable }) => mailable).length }
}

const cart = (agoMs = 60_000) =>
  event('add_to_cart', agoMs, { currency: 'EUR', items: [{ item_id: 'ring', price: 120 }] })

/** A visitor with a cart, who signs in as a contact. */
async function customer(id: string, mail: boolean): Promise<string> {
  await server.post('/api/v1/contacts', [{ id, email: `${id}@example.com`, mail_consent: mail }])
  const visitor = newVisitor()
  const login = event('identify', 0, { kind: 'login', token: await signLogin(secret, id) })
  await sendAll(server, visitor, [cart(), login])
  await settled(server)
  return visitor
}

describe('sizes', () => {
  let buys: string

  test('are counted by day in the shop’s zone, with reasons and who may be mailed', async () => {
    expect((await call('POST', '', { id: 'carts', name: 'carts', node: { cart: {} } })).status).toBe(201)
    await judged(server)
    await sendAll(server, newVisitor(), [cart()])
    buys = await customer('may', true)
    await customer('may-not', false)
    const [yesterday, today, ...others] = await sizes('carts', -1, 3)
    expect(others).toEqual([])
    expect(yesterday).toMatchObject({ day: dayOf(-1), people: 0, mailable: 0, entered: 0, left: 0, edited: false })
    expect(today).toMatchObject({ day: dayOf(0), people: 3, mailable: 1, edited: true })
    expect(today!.entered - today!.left).toBe(3)
    expect({ people: today!.people, mailable: today!.mailable }).toEqual(await membersOf('carts'))
    expect(await server.get('/api/v1/segments/carts/sizes')).toHaveLength(30)
  })

  test('of the next day go on from there, and those of the past stay', async () => {
    const before = await sizes('carts', 0, 0)
    await server.setClock(DAY)
    await sendAll(server, buys, [event('purchase', 0, { transaction_id: 'o-1', currency: 'EUR', items: [] })])
    await sendAll(server, newVisitor(), [cart()])
    await server.post('/api/v1/contacts', [{ id: 'may-not', mail_consent: true }])
    await settled(server)
    const [first, second] = await sizes('carts', 0, 1)
    expect([first]).toEqual(before)
    expect(second).toEqual({
      ...{ day: dayOf(1), people: 3, mailable: 1, entered: 1, left: 1, edited: false },
      reasons: { entered: { event: 1 }, left: { event: 1 } },
    })
    expect({ people: second!.people, mailable: second!.mailable }).toEqual(await membersOf('carts'))
  })

  test('mark edits, and say that they made members leave', async () => {
    await put('carts', { all: [{ cart: {} }, { matched: true }] })
    await judged(server)
    const [today] = await sizes('carts', 1, 1)
    expect(today).toMatchObject({ people: 1, mailable: 1, left: 3, edited: true })
    expect(today!.reasons.left).toEqual({ event: 1, definition: 2 })
    await put('carts', { all: [{ cart: {} }, { matched: true }] })
    await put('carts', { cart: {} })
    await judged(server)
    expect(await sizes('carts', 1, 1)).toMatchObject([{ people: 3, mailable: 1 }])
  })

  test('follow a clock that is set back, and a restart', async () => {
    await server.setClock(0)
    await sendAll(server, newVisitor(), [cart()])
    await settled(server)
    const [today, ...future] = await sizes('carts', 0, 1)
    expect(future).toEqual([])
    expect(today).toMatchObject({ day: dayOf(0), ...(await membersOf('carts')) })
    // What came while the clock ran ahead is in the future now.
    expect(today!.people).toBe(3)
    await server.stop({ wipe: false })
    server = await startServer({ dataDir: server.dataDir, port: server.port, movable: true })
    await settled(server)
    expect(await sizes('carts', 0, 0)).toEqual([today])
  })

  test('are what the entries and exits add up to', async () => {
    const { data } = await server.get<{ data: { change: string }[] }>('/api/v1/segments/carts/changes')
    const count = (change: string) => data.filter((row) => row.change === change).length
    const { people } = await membersOf('carts')
    expect(count('entered') - count('left')).toBe(people)
    const all = await sizes('carts', -30, 0)
    const total = (field: 'entered' | 'left') => all.reduce((sum, row) => sum + row[field], 0)
    expect([total('entered'), total('left')]).toEqual([count('entered'), count('left')])
    const list = await (await server.api('/api/v1/segments/carts/members?format=csv')).text()
    expect(list.trim().split(/\r?\n/)).toHaveLength(people + 1)
  })

  test.each([
    ['an unknown segment', '/nothing/sizes', 404, 'unknown_segment'],
    ['a day that is none', '/carts/sizes?from=2026-02-30', 400, 'invalid_request'],
    ['days in the wrong order', '/carts/sizes?from=2026-03-02&to=2026-03-01', 400, 'invalid_request'],
    ['more than a year', '/carts/sizes?from=2020-01-01&to=2026-03-01', 400, 'invalid_request'],
  ])('%s is refused', async (_, path, status, code) => {
    expect(await problemOf(await call('GET', path))).toMatchObject({ status, code })
  })
})

describe('overlap', () => {
  const overlap = async (...segments: string[]) => {
    const reply = await call('POST', '/overlap', { segments })
    expect(reply.status).toBe(200)
    return (await reply.json()) as { segments: string[]; people: number; mailable: number; together: object }[]
  }

  test('counts each combination of two or three', async () => {
    for (const [id, node] of [
      ['known', { matched: true }],
      ['mailable', { consent: { mail: true, marketing: true } }],
    ] as const) {
      expect((await call('POST', '', { id, name: id, node })).status).toBe(201)
    }
    await judged(server)
    // In carts: two visitors and `may-not`, who may be mailed by now. Known: `may` and `may-not`; both may be mailed.
    expect(await overlap('carts', 'known')).toEqual([
      { segments: ['carts'], people: 2, mailable: 0, together: { people: 3, mailable: 1 } },
      { segments: ['known'], people: 1, mailable: 1, together: { people: 2, mailable: 2 } },
      { segments: ['carts', 'known'], people: 1, mailable: 1, together: { people: 1, mailable: 1 } },
    ])
    const three = await overlap('carts', 'known', 'mailable')
    expect(three.map(({ segments, people }) => [segments.join(), people])).toEqual([
      ['carts', 2],
      ['known', 0],
      ['mailable', 0],
      ['carts,known', 0],
      ['carts,mailable', 0],
      ['known,mailable', 1],
      ['carts,known,mailable', 1],
    ])
  })

  test.each([
    [['carts'], 'invalid_request', 'segments must be the ids of two or three different segments'],
    [['carts', 'carts'], 'invalid_request', 'segments must be the ids of two or three different segments'],
    [['a', 'b', 'c', 'd'], 'invalid_request', 'segments must be the ids of two or three different segments'],
    ['carts', 'invalid_request', 'segments must be the ids of two or three different segments'],
    [['carts', 'nothing'], 'unknown_segment', 'segments.1 must be the id of a segment (got "nothing")'],
  ])('of %j is refused', async (segments, code, detail) => {
    expect(await problemOf(await call('POST', '/overlap', { segments }))).toMatchObject({ status: 400, code, detail })
  })
})
