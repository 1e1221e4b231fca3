/**
 * Looking at conditions: previews count what the saved segment lists, with whom may be mailed, what their carts are worth and
 * how many each condition leaves; explanations say for a person which condition holds since when, and when it changes.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, problemOf, type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** After so long a cart of this site is abandoned. */
const IDLE = 60 * MINUTE

let server: TestServer
const [browsing, filling, leaving] = [newVisitor(), newVisitor(), newVisitor()]

const ring = (price: number, currency = 'EUR') => ({ currency, items: [{ item_id: 'ring', price, quantity: 1 }] })

beforeAll(async () => {
  server = await startServer()
  await server.cli('sites', 'set', 'demo', `cart_idle_minutes=${IDLE / MINUTE}`)
  const contact = (id: string, mail: boolean) => ({
    ...{ id, email: `${id}@example.com`, mail_consent: mail, attributes: { name: `The ${id}` } },
    mail_consent_at: new Date(Date.now() - 5 * DAY).toISOString(),
  })
  await server.post('/api/v1/contacts', [contact('ada', true), contact('bela', false)])
  const { identity_secret: secret } = await server.cli<SiteView>('sites', 'show', 'demo')
  await sendAll(server, browsing, [event('page', 3 * HOUR)])
  await sendAll(server, filling, [event('add_to_cart', 10 * MINUTE, ring(100))])
  await sendAll(server, leaving, [event('add_to_cart', 2 * HOUR, ring(250.5))])
  for (const id of ['ada', 'bela']) {
    const login = event('identify', 3 * HOUR, {
      kind: 'login',
      token: await signLogin(secret, id, { seconds: Math.floor((Date.now() - 3 * HOUR - MINUTE) / 1000) }),
    })
    await sendAll(server, newVisitor(), [login, event('add_to_cart', 2 * HOUR, ring(1000))])
  }
  await settled(server)
})
afterAll(() => server?.stop())

type Json = Record<string, any>
const look = (node: unknown, query = ''): Promise<Json> => server.post(`/api/v1/segments/preview${query}`, { node })

describe('a preview', () => {
  test('counts persons, whom may be mailed and why not the others, and the value of their carts', async () => {
    const { sample, took_ms, ...rest } = await look({ cart: { state: 'abandoned' } })
    expect(rest).toEqual({
      people: 3,
      mailable: 1,
      not_mailable: { no_mail_consent: 1, not_a_contact: 1 },
      value: [{ currency: 'EUR', value: 2250.5 }],
      funnel: [{ path: 'cart', people: 3 }],
      sentence: { fr: 'Les personnes qui ont abandonné un panier.', en: 'Persons who have abandoned a cart.' },
      estimate: null,
    })
    expect(took_ms).toBeGreaterThanOrEqual(0)
    // Contacts come first, by name; each person with the facts.
    expect(sample.map(({ contact }: Json) => contact?.name ?? null)).toEqual(
      expect.arrayContaining(['The ada', 'The bela']),
    )
    expect(sample).toHaveLength(3)
    for (const { facts } of sample) expect(facts).toMatchObject([{ kind: 'cart', text: 'cart changed' }])
  })

  test('tells how many each condition leaves', async () => {
    const all = [{ cart: {} }, { matched: true }, { consent: { mail: true } }, { cart: { value: { gte: 5000 } } }]
    const { people, funnel } = await look({ all })
    expect(people).toBe(0)
    expect(funnel).toEqual([
      { path: 'all.0', people: 4 },
      { path: 'all.1', people: 2 },
      { path: 'all.2', people: 1 },
      { path: 'all.3', people: 0 },
    ])
  })

  test('writes its facts in the language that was asked for', async () => {
    const { sample } = await look({ cart: { state: 'open' } }, '?language=fr')
    expect(sample).toMatchObject([{ person: { kind: 'visitor', id: filling }, facts: [{ text: 'panier modifié' }] }])
  })

  test('finds what the saved segment then lists', async () => {
    const node = { any: [{ cart: { idle: { min: '1h' } } }, { not: { cart: {} } }] }
    const { people } = await look(node)
    await server.post('/api/v1/segments', { id: 'left-or-never', name: 'Left or never', node })
    const members = () => server.get<{ data: Json[] }>('/api/v1/segments/left-or-never/members')
    await until(async () => (await members()).data.length === people, 'the segment to fill')
    // Segments that name it are asked about its members.
    expect(await look({ segment: 'left-or-never' })).toMatchObject({ people })
    expect(await look({ not: { segment: 'left-or-never' } })).toMatchObject({ people: 1 })
  })

  test.each([
    [{}, 'node must be an object'],
    [{ node: { cart: { value: { gte: 'much' } } } }, 'node.cart.value'],
    [{ node: { cart: {} }, currency: 'euro' }, 'currency must be a currency by its ISO 4217 code, such as EUR'],
  ])('%j is refused with its place', async (body, message) => {
    const response = await server.api('/api/v1/segments/preview', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const problem = await problemOf(response)
    expect(problem.status).toBe(400)
    expect(problem.detail).toContain(message)
  })
})

describe('an explanation', () => {
  const why = (query: string): Promise<Json> => server.get(`/api/v1/segments/cart_abandoned/explain?${query}`)

  test('of a member tells since when, why, and when it leaves', async () => {
    const explained = await why(`visitor=${leaving}&epoch=1`)
    const enteredAt = Date.parse(explained.entered_at)
    expect(Math.abs(enteredAt - (Date.now() - 2 * HOUR + IDLE))).toBeLessThan(MINUTE)
    expect(explained).toMatchObject({ member: true, reason: 'time' })
    expect(Date.parse(explained.leaves_at) - enteredAt).toBe(7 * DAY - IDLE)
    expect(explained.nodes).toMatchObject([
      { path: 'cart', holds: true, changes_at: explained.leaves_at, facts: [{ kind: 'cart', text: 'cart changed' }] },
    ])
  })

  test('of somebody outside tells which condition fails, and when time will change it', async () => {
    const explained = await why(`visitor=${filling}`)
    expect(explained).toMatchObject({ member: false, entered_at: null, reason: null, leaves_at: null })
    const [node] = explained.nodes
    expect(node).toMatchObject({ path: 'cart', holds: false })
    expect(Math.abs(Date.parse(node.changes_at) - (Date.now() + IDLE - 10 * MINUTE))).toBeLessThan(MINUTE)
  })

  test('of a contact is written in the language that was asked for', async () => {
    const explained = await why('contact=ada&language=fr')
    expect(explained.member).toBe(true)
    expect(explained.nodes[0].facts[0].text).toBe('panier modifié')
  })

  test('leaves an audit row that names nobody', async () => {
    await why('contact=bela')
    const { data } = await server.get<{ data: Json[] }>('/api/v1/audit')
    const row = data.find(({ action }) => action === 'segment.explain')!
    expect(row.detail.segment).toBe('cart_abandoned')
    expect(JSON.stringify(row)).not.toContain('bela')
  })

  test.each([
    ['contact=nobody', 404, 'there is no such person'],
    [`visitor=${browsing}&epoch=9`, 404, 'there is no such person'],
    ['', 400, 'there must be either contact or visitor'],
    [`contact=ada&visitor=${browsing}`, 400, 'there must be either contact or visitor'],
    [`visitor=${browsing}&epoch=0`, 400, 'epoch must be at least 1'],
  ])('of %j is refused', async (query, status, detail) => {
    const response = await server.api(`/api/v1/segments/cart_abandoned/explain?${query}`)
    expect(await problemOf(response)).toMatchObject({ status, detail })
  })

  test('of an unknown segment is refused', async () => {
    const response = await server.api('/api/v1/segments/nothing/explain?contact=ada')
    expect(await problemOf(response)).toMatchObject({ status: 404, code: 'unknown_segment' })
  })
})

test('a segment is listed with its sentence', async () => {
  const { data } = await server.get<{ data: Json[] }>('/api/v1/segments')
  expect(data.find(({ id }) => id === 'cart_abandoned')!.sentence).toEqual({
    fr: 'Les personnes qui ont abandonné un panier et y ont touché il y a moins de 7 jours.',
    en: 'Persons who have abandoned a cart and touched it less than 7 days ago.',
  })
})
