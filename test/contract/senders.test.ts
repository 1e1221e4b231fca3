/**
 * What senders write in their own way and mean well: times, long texts, bodies, ids, and the order of events of one
 * moment. Each is accepted and read as it is meant.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, post, timeline } from '../support/requests.ts'
import { basic, call, type SegmentKeys, segmentKeys } from '../support/segment-requests.ts'
import { batch, consent, event, send, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let keys: SegmentKeys

beforeAll(async () => {
  server = await startServer()
  keys = await segmentKeys(server)
})
afterAll(() => server.stop())

/** Sends one event and returns it as it is kept. */
async function kept(given: Record<string, unknown>, more: Record<string, unknown> = {}) {
  const candidate = newVisitor()
  const response = await send(server, batch([{ ...event('page'), ...given }], { candidate, ...more }))
  expect([response.status, (await response.json()).rejected]).toEqual([202, []])
  await settled(server)
  return (await timeline(server, server.visitorOf(candidate)))[0]!
}

describe('a time of any form is read', () => {
  const moment = Math.floor(Date.now() / 60_000) * 60_000 - 3600_000
  const iso = new Date(moment).toISOString()
  const minute = iso.slice(0, 16)
  const inParis = new Date(moment + 3600_000).toISOString().slice(0, 19)
  test.each<[string, unknown]>([
    ['with a zone without a colon', `${inParis}+0100`],
    ['with a zone of hours', `${inParis}+01`],
    ['without seconds', `${minute}Z`],
    ['with a space', `${minute.replace('T', ' ')}:00Z`],
    ['with microseconds', `${minute}:00.000000Z`],
    ['with a comma', `${minute}:00,000Z`],
    ['without a zone', `${minute}:00`],
    ['in small letters', `${minute}:00z`.toLowerCase()],
    ['as in a mail', new Date(moment).toUTCString()],
    ['in milliseconds', moment],
    ['in seconds', moment / 1000],
    ['in seconds as text', String(moment / 1000)],
  ])('%s', async (_, at) => {
    expect((await kept({ at })).at).toBe(iso)
    // The sender's clock is read in the same way.
    expect(Date.parse((await kept({ at }, { sent_at: at })).at)).toBeGreaterThan(Date.now() - 60_000)
  })
})

describe('a long text is cut', () => {
  test('an address of 5,000 characters', async () => {
    const url = `${server.url}/return?${'x=y&'.repeat(1250)}utm_source=mail`
    expect((await kept({ type: 'purchase', url })).url).toBe(`${server.url}/return?utm_source=mail`)
    expect((await kept({ url: `${server.url}/${'a'.repeat(6000)}` })).url).toHaveLength(4096)
    expect((await kept({ referrer: `https://bank.example/${'a'.repeat(6000)}` })).referrer).toHaveLength(4096)
  })

  test('a title, a name and a policy', async () => {
    expect((await kept({ title: `${'a'.repeat(1023)}😀` })).title).toBe('a'.repeat(1023))
    expect((await kept({ type: 'n'.repeat(80) })).type).toBe('n'.repeat(64))
    expect((await kept({}, { consent: consent({ policy: 'p'.repeat(500) }) })).type).toBe('page')
  })
})

describe('a body is JSON', () => {
  test.each<[string, Record<string, string | null>, string]>([
    ['without a type', { 'content-type': null }, ''],
    ['as bytes', { 'content-type': 'application/octet-stream' }, ''],
    ['as a form', { 'content-type': 'application/x-www-form-urlencoded' }, ''],
    ['after a byte order mark', {}, '\ufeff'],
  ])('%s', async (_, headers, mark) => {
    const candidate = newVisitor()
    const text = mark + JSON.stringify(batch([event('page')], { candidate }))
    expect((await post(server, new Uint8Array(Buffer.from(text)), headers)).status).toBe(202)
    await settled(server)
    expect(await timeline(server, server.visitorOf(candidate))).toHaveLength(1)
  })

  test('whose empty fields are null', async () => {
    const empty = { url: null, referrer: null, title: null, props: null }
    expect(await kept(empty, { consent: { ...consent(), policy: null, gpc: null, at: null } })).toMatchObject({
      url: null,
      title: null,
    })
  })

  test('whose ids are larger than numbers can be', async () => {
    const candidate = newVisitor()
    const items = '[{"item_id":9007199254740993,"price":1},{"item_id":9007199254740992,"price":1}]'
    const body = JSON.stringify(batch([event('view_item', 0, { items: '…' })], { candidate }))
    expect((await post(server, body.replace('"…"', items))).status).toBe(202)
    await settled(server)
    const [seen] = await timeline(server, server.visitorOf(candidate))
    expect(seen!.props.items).toEqual([
      { item_id: '9007199254740993', price: 1 },
      { item_id: '9007199254740992', price: 1 },
    ])
  })
})

test('events of one moment keep the order in which they were sent, whatever their ids', async () => {
  const at = new Date(Date.now() - 60_000).toISOString()
  const items = [{ item_id: 'ring', price: 10, quantity: 2 }]
  const props = { currency: 'EUR', items }
  for (const [first, second] of [
    ['z', 'a'],
    ['a', 'z'],
  ]) {
    const candidate = newVisitor()
    const sent = [
      { id: `${first}${candidate}`, type: 'add_to_cart', at, props },
      { id: `${second}${candidate}`, type: 'remove_from_cart', at, props },
    ]
    expect((await send(server, batch(sent, { candidate }))).status).toBe(202)
    await settled(server)
    const visitor = server.visitorOf(candidate)
    expect((await timeline(server, visitor)).map(({ type }) => type)).toEqual(['add_to_cart', 'remove_from_cart'])
    expect(await server.query('select * from carts where visitor_id = ?', visitor)).toEqual([])
  }
})

describe('an anonymous id of any form is one visitor', () => {
  const uuid = () => crypto.randomUUID()
  const findVisitor = async (id: string) =>
    (await server.get<{ data: { id: string }[] }>(`/api/v1/visitors?anonymous_id=${encodeURIComponent(id)}`)).data.map(
      (visitor) => visitor.id,
    )
  test.each<[string, (id: string) => string]>([
    ['as it stands in the cookie of old SDKs', (id) => `%22${id}%22`],
    ['in quotes', (id) => `"${id}"`],
    ['as it is', (id) => id],
  ])('%s', async (_, dress) => {
    const id = uuid()
    await fetch(`${server.url}/v1/batch`, {
      method: 'POST',
      headers: { ...basic(keys.writeKey), 'content-type': 'application/json' },
      body: JSON.stringify({ batch: [call('page', { anonymousId: dress(id) }), call('page', { anonymousId: id })] }),
    })
    await settled(server)
    const [visitor, ...others] = await findVisitor(id)
    expect(others).toEqual([])
    expect(await timeline(server, visitor!)).toHaveLength(2)
  })

  test.each(['a|b|c', 'x'.repeat(100), 'ident with spaces', 'ü-1', '{uuid}', 'anna@mail.example', 'web:2'])(
    '%j',
    async (form) => {
      for (const key of [keys.writeKey, `${keys.secret}:demo`]) {
        const anonymousId = `${form}${uuid()}`
        const response = await fetch(`${server.url}/v1/page`, {
          method: 'POST',
          headers: { ...basic(key), 'content-type': 'application/json' },
          body: JSON.stringify(call('page', { anonymousId })),
        })
        expect([response.status, response.headers.get('couture-left-out')]).toEqual([200, null])
        await settled(server)
        const [visitor] = await findVisitor(anonymousId)
        expect(await timeline(server, visitor!)).toHaveLength(1)
      }
    },
  )
})
