/**
 * Grades of events, matches, members and carts, and what a floor (`min_grade`) does to each list. A poller of the feed
 * with a floor gets each change once: a contact enters by rising to the floor and leaves by falling below it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WireEvent } from '../../tag/wire.ts'
import { newVisitor, problemOf, type SiteView, signLogin } from '../support/requests.ts'
import { keepOnly } from '../support/segments.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const GRADES = ['proven', 'shared', 'remembered', 'before', 'clicked', 'after_click', 'cart']

let server: TestServer
let site: SiteView
let headers: Record<string, string>

beforeAll(async () => {
  server = await startServer()
  await keepOnly(server, 'cart_abandoned')
  site = await server.cli<SiteView>('sites', 'show', 'demo')
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
  headers = { authorization: `Bearer ${key}` }
})
afterAll(() => server.stop())

/** Sends a visitor's events with a key, so that logins may be days old. */
const report = (visitor: string, events: WireEvent[]) => sendAll(server, visitor, events, {}, headers)

let contacts = 0
async function newContact(): Promise<string> {
  const id = `graded-${++contacts}`
  await server.post('/api/v1/contacts', [{ id, email: `${id}@mail.example`, mail_consent: true }])
  return id
}

const ring = (id: string) => ({ currency: 'EUR', items: [{ item_id: id, item_name: id, price: 20, quantity: 1 }] })
const adds = (agoMs: number, item = 'ring') => event('add_to_cart', agoMs, ring(item))
const views = (agoMs: number, item: string) => event('view_item', agoMs, ring(item))
async function signsIn(contact: string, agoMs: number) {
  const token = await signLogin(site.identity_secret, contact, { seconds: Math.floor((Date.now() - agoMs) / 1000) })
  return event('identify', agoMs, { kind: 'login', token })
}
async function clicks(contact: string, agoMs: number, message = 'letter') {
  const issued_at = new Date(Date.now() - 20 * DAY).toISOString()
  const minted = await server.post('/api/v1/link-tokens', { site: 'demo', contacts: [contact], message, issued_at })
  return event('identify', agoMs, { kind: 'link', link: minted.data[0].token })
}

type Event = { id: string; type: string; grade: string | null; link: { strength: string } | null }
type Match = {
  change: string
  reason?: string
  contact: { id: string }
  grade?: string | null
  cart: { grade: string | null } | null
  interests: { item_id: string }[] | null
  purchased: string[] | null
}
const get = async <T>(path: string) => server.get<{ data: T[]; next: string; has_more: boolean }>(path)
const timeline = async (contact: string, query = '') =>
  (await get<Event>(`/api/v1/contacts/${contact}/timeline?limit=1000${query}`)).data

/** A poller of the feed with a query, which keeps `next` and reads pages of one. It begins at the end. */
async function poller(query: string) {
  let next = ''
  const poll = async (): Promise<Match[]> => {
    const all: Match[] = []
    for (;;) {
      const page = await get<Match>(`/api/v1/matches?limit=1${query}${next === '' ? '' : `&after=${next}`}`)
      next = page.next
      all.push(...page.data)
      if (!page.has_more) return all
    }
  }
  await poll()
  return async () => {
    await settled(server)
    return (await poll()).map(({ contact, change, reason, grade }) =>
      [contact.id, change, reason ?? grade].filter(Boolean).join(' '),
    )
  }
}

describe('events', () => {
  test('carry their grade, in the timelines of the contact and of the visitor', async () => {
    const contact = await newContact()
    const visitor = newVisitor()
    await report(visitor, [
      event('page', 5 * DAY),
      await signsIn(contact, 3 * DAY),
      event('page', 2 * DAY),
      event('reset', 2 * DAY - MINUTE),
      event('page', DAY),
    ])
    await settled(server)
    const told = (await timeline(contact)).map(({ type, grade }) => `${type} ${grade}`)
    expect(told).toEqual(['page before', 'identify proven', 'page remembered', 'reset remembered'])
    const [{ visitor: id }] = (await server.get(`/api/v1/links?contact=${contact}`)).data
    const all = (await get<Event>(`/api/v1/visitors/${id}/timeline`)).data
    expect(all.map(({ grade }) => grade)).toEqual(['before', 'proven', 'remembered', 'remembered', null])

    expect((await timeline(contact, '&min_grade=proven')).map(({ type }) => type)).toEqual(['identify'])
    expect((await timeline(contact, '&min_grade=before')).length).toBe(4)
    const proven = (await get<Event>(`/api/v1/visitors/${id}/timeline?min_grade=cart`)).data
    expect(proven.map(({ grade }) => grade)).toEqual(['before', 'proven', 'remembered', 'remembered'])
  })

  test('of a single click and its cart are weaker until a second message proves the contact', async () => {
    const contact = await newContact()
    const visitor = newVisitor()
    await report(visitor, [
      adds(5 * DAY),
      event('page', 5 * DAY - MINUTE),
      await clicks(contact, 3 * DAY),
      event('page', 2 * DAY),
    ])
    await settled(server)
    const grades = async () => (await timeline(contact)).map(({ grade }) => grade)
    expect(await grades()).toEqual(['cart', 'clicked', 'after_click'])
    await report(visitor, [await clicks(contact, DAY, 'second'), event('page', MINUTE)])
    await settled(server)
    expect(await grades()).toEqual(['before', 'before', 'proven', 'before', 'proven', 'remembered'])
  })

  test('of an unsigned login have none', async () => {
    const contact = await newContact()
    await report(newVisitor(), [event('identify', MINUTE, { kind: 'login', contact_id: contact }), event('page', 0)])
    await settled(server)
    const all = await timeline(contact, '&strength=all')
    expect(all.map(({ grade, link }) => [grade, link?.strength])).toEqual([
      [null, 'claimed'],
      [null, 'claimed'],
    ])
    expect(await timeline(contact, '&strength=all&min_grade=cart')).toEqual([])
  })
})

test.each([
  '/api/v1/matches?min_grade=',
  '/api/v1/segments/cart_abandoned/members?min_grade=',
  '/api/v1/contacts/graded-1/timeline?min_grade=',
  '/api/v1/visitors/nobody/timeline?min_grade=',
])('%s and something else is a 400 that names the grades', async (path) => {
  for (const value of ['certain', 'PROVEN', '']) {
    const response = await server.api(path + value)
    expect(response.status).toBe(400)
    const { code, detail } = await problemOf(response)
    expect(code).toBe('invalid_request')
    expect(detail).toContain(`min_grade must be one of ${GRADES.join(', ')}`)
  }
})

describe('the feed with a floor', () => {
  test('gets a contact that rises to it as matched, and one that falls below it as unmatched', async () => {
    const [floored, plain] = [await poller('&min_grade=proven'), await poller('')]
    const contact = await newContact()
    await report(newVisitor(), [await clicks(contact, 2 * DAY)])
    expect(await plain()).toEqual([`${contact} matched clicked`])
    expect(await floored()).toEqual([])

    await report(newVisitor(), [await signsIn(contact, DAY)])
    expect(await plain()).toEqual([`${contact} updated proven`])
    expect(await floored()).toEqual([`${contact} matched proven`])

    await server.post('/api/v1/contacts', [{ id: contact, email: `${contact}@moved.example` }])
    expect(await floored()).toEqual([`${contact} updated proven`])
    expect(await plain()).toEqual([`${contact} updated proven`])

    const { data: links } = await server.get(`/api/v1/links?contact=${contact}`)
    const login = links.find((link: { strength: string }) => link.strength === 'verified')
    expect((await server.api(`/api/v1/links/${login.id}/void`, { method: 'POST' })).status).toBe(200)
    expect(await floored()).toEqual([`${contact} unmatched below_grade`])
    expect(await plain()).toEqual([`${contact} updated clicked`])

    await server.api(`/api/v1/contacts/${contact}`, { method: 'DELETE' })
    expect(await floored()).toEqual([`${contact} erased`])
  })

  test('of another floor has cursors of its own', async () => {
    const { next } = await get<Match>('/api/v1/matches?min_grade=proven')
    for (const other of ['', '&min_grade=shared', '&segment=cart_abandoned&min_grade=proven']) {
      const response = await server.api(`/api/v1/matches?after=${next}${other}`)
      expect([response.status, (await problemOf(response)).code]).toEqual([400, 'bad_cursor'])
    }
  })

  test('tells no cart, interest or purchase of weaker events', async () => {
    const contact = await newContact()
    await report(newVisitor(), [
      views(6 * DAY, 'before'),
      await signsIn(contact, 5 * DAY),
      views(5 * DAY - MINUTE, 'proven'),
      event('purchase', 5 * DAY - 2 * MINUTE, { transaction_id: `${contact}-1`, ...ring('bought') }),
      views(2 * DAY, 'remembered'),
      adds(2 * DAY - MINUTE),
      event('purchase', DAY, { transaction_id: `${contact}-2`, ...ring('bought-later') }),
      adds(MINUTE, 'chain'),
    ])
    await settled(server)
    const read = async (query: string) => {
      const { data } = await get<Match>(`/api/v1/matches?limit=1000${query}`)
      const match = data.find((each) => each.contact.id === contact)!
      const items = match.interests!.map(({ item_id }) => item_id).sort()
      return [match.grade, match.cart?.grade ?? null, items.join(' '), match.purchased!.join(' ')]
    }
    const all = ['proven', 'remembered', 'before proven remembered', 'bought bought-later']
    expect(await read('')).toEqual(all)
    expect(await read('&min_grade=cart')).toEqual(all)
    expect(await read('&min_grade=remembered')).toEqual(['proven', 'remembered', 'proven remembered', all[3]])
    expect(await read('&min_grade=shared')).toEqual(['proven', null, 'proven', 'bought'])
  })

  test('of a segment about carts holds whose cart reaches it', async () => {
    const contact = await newContact()
    const query = '&segment=cart_abandoned&min_grade='
    const [clicked, weakest] = [await poller(`${query}clicked`), await poller(`${query}cart`)]
    const visitor = newVisitor()
    await report(visitor, [adds(5 * DAY), event('page', 5 * DAY - MINUTE), await clicks(contact, 3 * DAY)])
    expect(await weakest()).toEqual([`${contact} matched clicked`])
    expect(await clicked()).toEqual([])
    const members = async (floor: string) =>
      (await get<{ contact: { id: string } | null }>(`/api/v1/segments/cart_abandoned/members?min_grade=${floor}`)).data
        .filter((member) => member.contact?.id === contact)
        .map((member) => member.contact?.id)
    expect([await members('cart'), await members('clicked')]).toEqual([[contact], []])

    await report(visitor, [await signsIn(contact, 2 * DAY)])
    expect(await clicked()).toEqual([`${contact} matched proven`])
    expect(await members('clicked')).toEqual([contact])
    await report(visitor, [event('purchase', MINUTE, { transaction_id: contact, ...ring('ring') })])
    expect(await clicked()).toEqual([`${contact} unmatched left_segment`])
  })

  test('gets what an earlier version published, once it is graded, and others hear nothing of that', async () => {
    const contact = await newContact()
    await report(newVisitor(), [await signsIn(contact, MINUTE)])
    await settled(server)
    // As an earlier version left it.
    const grades = 'grade = null, cart_grade = null'
    await server.change(`update feed_state set ${grades} where contact_id = ?`, contact)
    await server.change(`update match_changes set ${grades} where contact_id = ?`, contact)
    const [floored, plain] = [await poller('&min_grade=proven'), await poller('')]
    await server.cli('rebuild')
    expect(await floored()).toEqual([`${contact} matched proven`])
    expect(await plain()).toEqual([])
    await server.post('/api/v1/contacts', [{ id: contact, email: `${contact}@moved.example` }])
    expect(await floored()).toEqual([`${contact} updated proven`])
    expect(await plain()).toEqual([`${contact} updated proven`])
  })
})

test('members have the grade of their match, anonymous visitors none, and files both grades', async () => {
  const contact = await newContact()
  const anonymous = newVisitor()
  await report(anonymous, [adds(3 * DAY)])
  await report(newVisitor(), [await signsIn(contact, 3 * DAY), adds(3 * DAY - MINUTE)])
  await settled(server)
  type Member = { contact: { id: string } | null; grade: string | null; cart?: { grade: string | null } }
  const { data } = await get<Member>('/api/v1/segments/cart_abandoned/members')
  const grades = data.map((each) => [each.contact?.id ?? null, each.grade, each.cart?.grade ?? null])
  expect(grades).toContainEqual([contact, 'proven', 'proven'])
  expect(grades).toContainEqual([null, null, null])
  const floored = await get<Member>('/api/v1/segments/cart_abandoned/members?min_grade=proven')
  expect(floored.data.map((each) => each.contact?.id)).toEqual([contact])
  for (const path of ['/api/v1/segments/cart_abandoned/members', '/api/v1/matches']) {
    const csv = await (await server.api(`${path}?format=csv&min_grade=proven`)).text()
    const [head, ...rows] = csv.trim().split(/\r?\n/)
    const row = rows.find((line) => line.includes(contact))!
    expect(head!.split(',').slice(-2)).toEqual(['grade', 'cart_grade'])
    expect(row.split(',').slice(-2)).toEqual(['proven', 'proven'])
  }
})
