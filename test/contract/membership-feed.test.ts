/**
 * The feed of entries into a segment and exits from it: why and when, exactly once for each reader, adding up to the
 * members. Members that stay through a changed definition or a rebuild have neither entered nor left; those who are no
 * more leave, and their ids are gone. Old cursors are refused.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, problemOf, type SiteView, signLogin, tablesHolding } from '../support/requests.ts'
import { judged } from '../support/segments.ts'
import { batch, consent, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** The demo site's carts count as abandoned after a minute. */
const IDLE_MS = MINUTE
const ITEM = { currency: 'EUR', items: [{ item_id: 'ring', price: 120 }] }

type Person = { kind: string; id: string; epoch?: number }
type Change = {
  seq: number
  id: string
  change: string
  reason: string
  at: string
  entered_at: string
  person: Person
}
type Page = { data: Change[]; next: string; has_more: boolean }

let server: TestServer
let secret: string
beforeAll(async () => {
  server = await startServer({ movable: true })
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
})
afterAll(() => server?.stop())

const call = (method: string, path: string, body?: unknown) =>
  server.api(`/api/v1/segments${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
const erase = (id: string) => server.api(`/api/v1/contacts/${id}`, { method: 'DELETE' })

async function define(id: string, node: unknown): Promise<void> {
  expect((await call('POST', '', { id, name: id, node })).status).toBe(201)
  await judged(server)
}

async function login(visitor: string, contact: string): Promise<void> {
  await sendAll(server, visitor, [event('identify', 0, { kind: 'login', token: await signLogin(secret, contact) })])
  await settled(server)
}

const nameOf = ({ kind, id, epoch = 0 }: Person) => `${kind} ${id}${epoch ? ` ${epoch}` : ''}`

/** A reader that keeps a copy of a segment's members from what it is told. */
function reader(segment: string, limit = 2) {
  const copy = new Set<string>()
  const told: Change[] = []
  let after = ''
  return {
    copy,
    /** Reads to the end, and returns the new changes. */
    async read(): Promise<Change[]> {
      const news: Change[] = []
      for (let more = true; more; ) {
        const page: Page = await server.get(`/api/v1/segments/${segment}/changes?limit=${limit}&after=${after}`)
        news.push(...page.data)
        after = page.next
        more = page.has_more
      }
      for (const { change, person } of news) {
        if (change === 'entered') copy.add(nameOf(person))
        else copy.delete(nameOf(person))
      }
      told.push(...news)
      expect(new Set(told.map(({ seq }) => seq)).size).toBe(told.length)
      expect(new Set(told.map(({ id }) => id)).size).toBe(told.length)
      return news
    },
  }
}

/** The members by name. */
async function members(segment: string): Promise<Set<string>> {
  const { data } = await server.get<{ data: { person: Person }[] }>(`/api/v1/segments/${segment}/members`)
  return new Set(data.map(({ person }) => nameOf(person)))
}

/** A change in short: what, why and who. */
const short = ({ change, reason, person }: Change) => `${change} ${reason} ${nameOf(person)}`

describe('entries and exits', () => {
  test('are told once, with what caused them, and add up to the members', async () => {
    await define('any_cart', { cart: {} })
    const poller = reader('any_cart')
    expect(await poller.read()).toEqual([])

    await server.post('/api/v1/contacts', [{ id: 'crm-a', email: 'a@example.com', mail_consent: true }])
    const visitor = newVisitor()
    const added = event('add_to_cart', 3 * HOUR, ITEM)
    await sendAll(server, visitor, [added])
    await settled(server)
    const [entered] = await poller.read()
    expect(entered).toMatchObject({
      ...{ change: 'entered', reason: 'event', at: added.at, entered_at: added.at },
      ...{ person: { kind: 'visitor', id: visitor, epoch: 1 }, contact: null, mailable: false },
    })
    expect(await poller.read()).toEqual([])

    await login(visitor, 'crm-a')
    expect((await poller.read()).map(short).sort()).toEqual([
      'entered link contact crm-a',
      `left link visitor ${visitor} 1`,
    ])
    expect(poller.copy).toEqual(await members('any_cart'))

    await sendAll(server, visitor, [event('purchase', 0, { transaction_id: 'o-1', ...ITEM })])
    await settled(server)
    const [left] = await poller.read()
    expect(left).toMatchObject({
      ...{ change: 'left', reason: 'event', entered_at: added.at, person: { kind: 'contact', id: 'crm-a' } },
      ...{ contact: { id: 'crm-a', email: 'a@example.com' }, mailable: true },
    })
    expect(Date.parse(left!.at)).toBeGreaterThan(Date.parse(added.at))
    expect(await members('any_cart')).toEqual(new Set())

    // Somebody who reads from the beginning is told the whole story.
    const other = reader('any_cart', 1000)
    expect((await other.read()).map(({ change }) => change)).toEqual(['entered', ...['left', 'entered'].sort(), 'left'])
    expect(other.copy).toEqual(new Set())
  })

  test('by time are dated by the edge', async () => {
    const visitor = newVisitor()
    const poller = reader('cart_abandoned')
    await poller.read()
    const added = event('add_to_cart', 2 * HOUR, ITEM)
    await sendAll(server, visitor, [added])
    await settled(server)
    const [entered] = await poller.read()
    expect(entered).toMatchObject({ change: 'entered', reason: 'time' })
    expect(Date.parse(entered!.at)).toBe(Date.parse(added.at) + IDLE_MS)
    await server.setClock(7 * DAY)
    await until(async () => !(await members('cart_abandoned')).has(`visitor ${visitor} 1`), 'the cart to be too old')
    await settled(server)
    const mine = (await poller.read()).filter(({ person }) => person.id === visitor)
    expect(mine.map(short)).toEqual([`left time visitor ${visitor} 1`])
    expect(poller.copy).toEqual(await members('cart_abandoned'))
    await server.setClock(0)
    await settled(server)
  })

  test('are none for members that stay through another definition or a rebuild', async () => {
    const stays = newVisitor()
    const goes = newVisitor()
    await sendAll(server, stays, [event('add_to_cart', MINUTE, ITEM)])
    await sendAll(server, goes, [event('page', MINUTE)])
    await settled(server)
    await define('anybody', { matched: false })
    const poller = reader('anybody', 1000)
    expect((await poller.read()).map(short)).toEqual(
      expect.arrayContaining([`entered definition visitor ${stays} 1`, `entered definition visitor ${goes} 1`]),
    )
    await call('PUT', '/anybody', { name: 'anybody', node: { all: [{ matched: false }, { cart: {} }] } })
    await judged(server)
    const left = await poller.read()
    expect(left.map(short)).toContain(`left definition visitor ${goes} 1`)
    expect(left.map(({ person }) => person.id)).not.toContain(stays)
    await server.cli('rebuild')
    await settled(server)
    expect(await poller.read()).toEqual([])
    expect(poller.copy).toEqual(await members('anybody'))
  })
})

describe('those who are no more', () => {
  test('a visitor that withdraws leaves for readers that knew of it, and its id is nowhere', async () => {
    const candidate = newVisitor()
    const response = await send(server, batch([event('add_to_cart', MINUTE, ITEM)], { candidate }))
    const { visitor } = (await response.json()) as { visitor: string }
    const cookie = response.headers.get('set-cookie')!.split(';')[0]!
    await settled(server)
    const knows = reader('any_cart')
    await knows.read()
    expect(knows.copy).toContain(`visitor ${visitor} 1`)
    const no = consent({ id: 'choice-2', analytics: false, identity: false, marketing: false })
    await send(server, batch([event('consent')], { consent: no }), { cookie })
    await settled(server)
    await until(async () => (await tablesHolding(server, visitor)).length === 0, 'the id to be gone')
    expect((await knows.read()).map(short)).toEqual([`left event visitor ${visitor} 1`])
    expect(await knows.read()).toEqual([])
    const fresh = reader('any_cart', 1000)
    expect((await fresh.read()).map(({ person }) => person.id)).not.toContain(visitor)
    expect(fresh.copy).toEqual(knows.copy)
  })

  test('so does a contact that is erased, also if it had left before', async () => {
    await server.post('/api/v1/contacts', [{ id: 'crm-gone', email: 'gone@example.com', mail_consent: true }])
    const visitor = newVisitor()
    await sendAll(server, visitor, [event('add_to_cart', 3 * HOUR, ITEM)])
    await login(visitor, 'crm-gone')
    const early = reader('any_cart')
    await early.read()
    expect(early.copy).toContain('contact crm-gone')
    await sendAll(server, visitor, [event('purchase', 0, { transaction_id: 'o-2', ...ITEM })])
    await settled(server)
    const late = reader('any_cart')
    await late.read()
    expect(late.copy).not.toContain('contact crm-gone')
    await sendAll(server, visitor, [event('add_to_cart', 0, ITEM)])
    await settled(server)
    await late.read()
    expect((await erase('crm-gone')).status).toBe(200)
    await settled(server)
    await until(async () => !(await tablesHolding(server, 'crm-gone')).includes('segment_changes'), 'the id to be gone')
    for (const each of [early, late]) {
      const news = await each.read()
      expect(news.at(-1)).toMatchObject({ change: 'left', person: { kind: 'contact', id: 'crm-gone' }, contact: null })
      expect(each.copy).toEqual(await members('any_cart'))
    }
    const fresh = reader('any_cart')
    expect((await fresh.read()).map(({ person }) => person.id)).not.toContain('crm-gone')
  })
})

describe('reading', () => {
  test('works as a file too', async () => {
    const text = await (await server.api('/api/v1/segments/any_cart/changes?format=csv')).text()
    const [header, first] = text.split(/\r?\n/)
    expect(header).toMatch(/^seq,id,change,at,person_kind,person_id,epoch,contact_id,name,email,entered_at/)
    expect(first).toMatch(/^\d+,[a-z0-9-]+,entered,/)
    const lines = (await (await server.api('/api/v1/segments/any_cart/changes?format=ndjson')).text()).trim()
    expect(lines.split('\n').map((line) => JSON.parse(line))).toEqual(
      (await server.get('/api/v1/segments/any_cart/changes')).data,
    )
  })

  test.each([
    ['an unknown segment', '/nothing/changes', 404, 'unknown_segment'],
    ['a cursor that is none', '/any_cart/changes?after=abc', 400, 'bad_cursor'],
    ['a limit of 0', '/any_cart/changes?limit=0', 400, 'invalid_request'],
  ])('%s is refused', async (_, path, status, code) => {
    expect(await problemOf(await call('GET', path))).toMatchObject({ status, code })
  })

  test('a cursor of another feed is refused, and 0 begins', async () => {
    const { next } = await server.get<Page>('/api/v1/segments/any_cart/changes?limit=1')
    for (const path of ['/cart_abandoned/changes', '/any_cart/members']) {
      const refused = await problemOf(await call('GET', `${path}?after=${next}`))
      expect(refused, path).toMatchObject({ status: 400, code: 'bad_cursor' })
    }
    const begun = await server.get<Page>('/api/v1/segments/any_cart/changes?after=0')
    expect(begun).toEqual(await server.get<Page>('/api/v1/segments/any_cart/changes'))
  })

  test('needs the scope of segments', async () => {
    const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'matches:read')
    const headers = { authorization: `Bearer ${key}` }
    expect((await fetch(`${server.url}/api/v1/segments/any_cart/changes`, { headers })).status).toBe(403)
  })

  test('from before exits that are no longer kept is refused; from the beginning it tells of all members', async () => {
    const poller = reader('any_cart')
    await poller.read()
    const { next } = await server.get<Page>('/api/v1/segments/any_cart/changes?limit=1')
    const [, started] = JSON.parse(Buffer.from(next, 'base64url').toString()) as [string, [number, number, number]]
    const old = Buffer.from(JSON.stringify(['changes:any_cart', started[1]])).toString('base64url')
    await server.setClock(91 * DAY)
    await until(
      async () => (await call('GET', `/any_cart/changes?after=${old}`)).status === 410,
      'the old exits to be deleted',
    )
    const refused = await problemOf(await call('GET', `/any_cart/changes?after=${old}`))
    expect(refused).toMatchObject({ code: 'cursor_expired' })
    expect(refused.detail).toContain('from the beginning')
    await settled(server)
    await poller.read()
    const fresh = reader('any_cart')
    await fresh.read()
    expect(fresh.copy).toEqual(await members('any_cart'))
    expect(poller.copy).toEqual(fresh.copy)
    await server.setClock(0)
  })

  test('of a deleted segment ends', async () => {
    await call('DELETE', '/any_cart')
    await judged(server)
    expect(await problemOf(await call('GET', '/any_cart/changes'))).toMatchObject({
      ...{ status: 404, code: 'unknown_segment' },
      detail: expect.stringContaining('deleted'),
    })
    const open = await server.query(
      `select person_id from segment_changes where segment_id = 'any_cart' and sealed is null and person_id <> ''
       group by person_id having sum(case when change = 'entered' then 1 else -1 end) <> 0`,
    )
    expect(open).toEqual([])
  })
})
