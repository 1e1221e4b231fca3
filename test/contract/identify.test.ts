/**
 * Logins reported by a shop's server with `POST /api/v1/identify`: verified like a signed login on the page, but only
 * for a visitor known to consent, and stored before the reply is sent.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filesHolding, newVisitor, problemOf, tablesHolding, timeline } from '../support/requests.ts'
import { batch, consent, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000

let server: TestServer
let key: string

beforeAll(async () => {
  server = await startServer()
  const made = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'identify:write')
  key = made.key
  await server.cli('sites', 'create', '--id', 'other', '--origin', 'https://other.example')
  await server.post('/api/v1/contacts', [
    { id: 'anna', email: 'anna@mail.example' },
    { id: 'bela', email: 'bela@mail.example' },
  ])
})
afterAll(() => server.stop())

const ask = (body: object, headers: Record<string, string> = { authorization: `Bearer ${key}` }) =>
  fetch(`${server.url}/api/v1/identify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ site: 'demo', ...body }),
  })
const told = async (body: object) => {
  const response = await ask(body)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as { visitor: string; event: string; at: string }
}
const links = async (visitor: string) =>
  (await server.get(`/api/v1/links?visitor=${visitor}`)).data as Record<string, unknown>[]

/** A visitor with a page view and the given consent. */
async function visits(choice = consent()): Promise<string> {
  const visitor = newVisitor()
  await sendAll(server, visitor, [event('page', 5 * MINUTE)], { consent: choice })
  await settled(server)
  return visitor
}

describe('a login', () => {
  test('by contact id links the visitor like a signed login, and gives the contact the earlier events', async () => {
    const visitor = await visits()
    const at = new Date(Date.now() - MINUTE).toISOString()
    const reply = await told({ visitor, contact_id: 'anna', at })
    expect(reply).toEqual({ visitor, event: expect.stringMatching(/^login-/), at })
    // 200 means committed, so the fact is visible without waiting.
    expect(await server.query('select evidence from claims where visitor_id = ?', visitor)).toEqual([
      { evidence: 'login_verified' },
    ])
    await settled(server)
    expect(await links(visitor)).toMatchObject([
      { contact: 'anna', evidence: 'login_verified', strength: 'verified', state: 'open', reason: 'signed_login', at },
    ])
    expect(
      (await timeline(server, visitor)).map((seen) => [seen.id === reply.event, seen.type, seen.link?.strength]),
    ).toEqual([
      [false, 'page', 'verified'],
      [true, 'identify', 'verified'],
    ])
  })

  test('by address does the same, and the address is stored nowhere', async () => {
    const visitor = await visits()
    await told({ visitor, email: ' Bela@Mail.Example ' })
    await told({ visitor: await visits(), email: 'unheard-of@mail.example' })
    await settled(server)
    expect(await links(visitor)).toMatchObject([{ contact: 'bela', strength: 'verified', state: 'open' }])
    expect(await filesHolding(server, 'unheard-of')).toEqual([])
  })

  test('accepts the cookie’s value as the visitor', async () => {
    const response = await send(server, batch([event('page')], { candidate: newVisitor() }))
    const { visitor } = (await response.json()) as { visitor: string }
    const cookie = /^cv=([^;]+)/.exec(response.headers.get('set-cookie')!)![1]!
    await settled(server)
    expect((await told({ visitor: cookie, contact_id: 'anna' })).visitor).toBe(visitor)
    await settled(server)
    expect(await links(visitor)).toMatchObject([{ contact: 'anna', state: 'open' }])
  })

  test('of a contact that the CRM has not pushed yet waits for it', async () => {
    const visitor = await visits()
    await told({ visitor, contact_id: 'late' })
    await settled(server)
    expect(await links(visitor)).toMatchObject([{ contact: null, state: 'held', reason: 'not_in_crm' }])
    await server.post('/api/v1/contacts', [{ id: 'late' }])
    await settled(server)
    expect(await links(visitor)).toMatchObject([{ contact: 'late', state: 'open', reason: 'signed_login' }])
  })

  test('that is sent again with the same time is the same login', async () => {
    const visitor = await visits()
    const body = { visitor, contact_id: 'anna', at: new Date(Date.now() - MINUTE).toISOString() }
    const first = await told(body)
    const before = await server.query('select * from claims where visitor_id = ?', visitor)
    expect(await Promise.all([told(body), told(body)])).toEqual([first, first])
    expect(await server.query('select * from claims where visitor_id = ?', visitor)).toEqual(before)
    expect(before).toHaveLength(1)
    await settled(server)
    expect(await timeline(server, visitor)).toHaveLength(2)
  })

  test('does not add to the visitor’s consent choices', async () => {
    const visitor = await visits()
    const choices = () => server.query('select * from consents where visitor_id = ?', visitor)
    const before = await choices()
    await told({ visitor, contact_id: 'anna' })
    await settled(server)
    expect(await choices()).toEqual(before)
  })

  test('is audited without the visitor or the contact', async () => {
    const { visitor, event: id } = await told({ visitor: await visits(), contact_id: 'anna' })
    const rows = await server.query<{ actor: string; detail: string }>(
      'select actor, detail from audit where action = ? and detail like ?',
      'identify',
      `%${id}%`,
    )
    expect(rows).toEqual([{ actor: expect.stringMatching(/^key:/), detail: expect.any(String) }])
    expect(JSON.parse(rows[0]!.detail)).toEqual({ site: 'demo', event: id })
    expect(rows[0]!.detail).not.toContain(visitor)
  })
})

describe('without consent to identity it is 409 and nothing is stored:', () => {
  test.each<[string, () => Promise<string>]>([
    ['an unknown visitor', async () => newVisitor()],
    ['a visitor that refused', () => visits(consent({ identity: false }))],
    [
      'a visitor that consented and withdrew it',
      async () => {
        const visitor = await visits()
        const choice = consent({ id: 'choice-2', identity: false })
        await sendAll(server, visitor, [event('consent')], { consent: choice })
        await settled(server)
        return visitor
      },
    ],
    [
      'a visitor that has withdrawn everything',
      async () => {
        const visitor = await visits()
        const choice = consent({ id: 'choice-2', analytics: false, identity: false, marketing: false })
        await send(server, batch([event('consent')], { visitor, consent: choice }))
        await settled(server)
        return visitor
      },
    ],
  ])('%s', async (_, make) => {
    const visitor = await make()
    const response = await ask({ visitor, contact_id: 'anna' })
    expect(response.status).toBe(409)
    expect(await problemOf(response)).toMatchObject({ code: 'no_consent', detail: expect.stringMatching(/identity/) })
    expect(await server.query('select * from claims where visitor_id = ?', visitor)).toEqual([])
    expect(await server.query('select * from events where visitor_id = ? and type = ?', visitor, 'identify')).toEqual(
      [],
    )
  })

  const denial = (at: number) => consent({ id: 'choice-2', identity: false, at: new Date(at).toISOString() })
  const grant = (at: number) => consent({ id: 'choice-3', at: new Date(at).toISOString() })

  test('a withdrawal made before the login counts as earlier even if it lands later', async () => {
    const visitor = await visits()
    const now = Date.now()
    const at = new Date(now - MINUTE).toISOString()
    await told({ visitor, contact_id: 'anna', at })
    const mine = [event('consent', 2 * MINUTE), event('page', MINUTE / 2)]
    await sendAll(server, visitor, mine, { consent: denial(now - 2 * MINUTE) })
    await settled(server)
    const refused = { state: 'void', reason: 'identity_withdrawn', at }
    expect(await links(visitor)).toMatchObject([refused])
    // A new consent only covers what comes after it.
    await sendAll(server, visitor, [event('consent')], { consent: grant(now - MINUTE / 4) })
    await settled(server)
    expect(await links(visitor)).toMatchObject([refused])
    await told({ visitor, contact_id: 'bela' })
    await settled(server)
    expect(await links(visitor)).toMatchObject([refused, { contact: 'bela', state: 'open' }])
  })

  test('a login right after the 202 of the visitor’s first batch counts, every time', async () => {
    const statuses: number[] = []
    for (let i = 0; i < 20; i++) {
      const visitor = newVisitor()
      await sendAll(server, visitor, [event('page')])
      statuses.push((await ask({ visitor, contact_id: 'anna' })).status)
    }
    expect(statuses).toEqual(Array(20).fill(200))
  })

  test('so does one right after the 202 of a choice that allows what the one before did not', async () => {
    const visitor = newVisitor()
    await sendAll(server, visitor, [event('page', 1000)], { consent: consent({ identity: false }) })
    await settled(server)
    await sendAll(server, visitor, [event('page')], { consent: consent({ id: 'choice-2' }) })
    expect((await ask({ visitor, contact_id: 'anna' })).status).toBe(200)
  })

  test('a login right after the 202 of a withdrawal never wins, whichever is stored first', async () => {
    const visitors: string[] = []
    for (let i = 0; i < 30; i++) visitors.push(await visits())
    const statuses: number[] = []
    for (const visitor of visitors) {
      await sendAll(server, visitor, [event('consent')], { consent: denial(Date.now()) })
      statuses.push((await ask({ visitor, contact_id: 'anna' })).status)
    }
    await settled(server)
    for (const status of statuses) expect([200, 409]).toContain(status)
    for (const [i, visitor] of visitors.entries()) {
      const left = (await links(visitor)).map(({ state, reason }) => [state, reason])
      expect(left).toEqual(statuses[i] === 200 ? [['void', 'identity_withdrawn']] : [])
    }
  })

  test('a visitor that withdraws everything meanwhile leaves nothing, not even the login', async () => {
    const visitor = await visits()
    const choice = consent({ id: 'choice-2', analytics: false, identity: false, marketing: false })
    await send(server, batch([event('consent')], { visitor, consent: choice }))
    await ask({ visitor, contact_id: 'anna' })
    await settled(server)
    expect(await tablesHolding(server, visitor)).toEqual([])
  })

  test('a visitor that consents again can be identified again', async () => {
    const visitor = await visits(consent({ identity: false }))
    await sendAll(server, visitor, [event('consent')], { consent: consent({ id: 'choice-2' }) })
    await settled(server)
    await told({ visitor, contact_id: 'anna' })
    await settled(server)
    expect(await links(visitor)).toMatchObject([{ contact: 'anna', state: 'open' }])
  })
})

describe('an invalid request is refused:', () => {
  const cookie = (mac = 'A'.repeat(22)) => `${newVisitor()}.1780000000.1780000000.${mac}`
  test.each<[string, object, string, RegExp]>([
    ['an unknown site', { site: 'nowhere', contact_id: 'anna' }, 'unknown_site', /^site must be/],
    ['nobody', {}, 'invalid_request', /must hold either contact_id or email/],
    ['both', { contact_id: 'anna', email: 'a@b.example' }, 'invalid_request', /must hold either contact_id or email/],
    ['a placeholder', { contact_id: '{{contact.id}}' }, 'blocked_identifier', /not the identifier of one person/],
    ['null as a string', { contact_id: 'null' }, 'blocked_identifier', /not the identifier/],
    ['an invalid address', { email: 'anna' }, 'invalid_event', /must be a mail address/],
    [
      'a time in the future',
      { contact_id: 'anna', at: '2199-01-01T00:00:00Z' },
      'in_future',
      /^at must not be in the future/,
    ],
    ['an invalid time', { contact_id: 'anna', at: 'yesterday' }, 'invalid_request', /^at must be an ISO 8601 time/],
    ['a forged cookie', { contact_id: 'anna', visitor: cookie() }, 'invalid_visitor', /^visitor must be/],
    ['an invalid visitor', { contact_id: 'anna', visitor: 'a b' }, 'invalid_request', /^visitor must be/],
    ['an unknown field', { contact_id: 'anna', token: 'x' }, 'invalid_request', /token/],
  ])('%s', async (_, more, code, detail) => {
    const response = await ask({ visitor: await visits(), ...more })
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({ code, detail: expect.stringMatching(detail) })
  })

  test('the cookie of another site is refused', async () => {
    const response = await send(server, batch([event('page')], { candidate: newVisitor() }))
    const value = /^cv=([^;]+)/.exec(response.headers.get('set-cookie')!)![1]!
    await settled(server)
    const refused = await ask({ site: 'other', visitor: value, contact_id: 'anna' })
    expect([refused.status, (await problemOf(refused)).code]).toEqual([400, 'invalid_visitor'])
  })

  test('a request without a key or without the scope is refused', async () => {
    const other = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write,contacts:write')
    const body = { visitor: await visits(), contact_id: 'anna' }
    expect((await ask(body, { authorization: `Bearer ${other.key}` })).status).toBe(403)
    expect((await ask(body, {})).status).toBe(401)
  })
})
