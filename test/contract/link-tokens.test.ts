/**
 * The links of a mailing: minting, the redirect, and what a click proves. A mail tool that can compute an HMAC
 * makes its own tokens, so the tests compute the documented formula independently.
 */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WireReply } from '../../tag/wire.ts'
import { filesHolding, newVisitor, problemOf, type SiteView, signLogin } from '../support/requests.ts'
import { batch, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

let server: TestServer
let site: SiteView
let target: string

beforeAll(async () => {
  server = await startServer()
  site = await server.cli<SiteView>('sites', 'show', 'demo')
  target = `${server.url}/demo/rings?utm_source=mail`
  await server.post('/api/v1/contacts', [
    { id: 'anna', email: 'anna@mail.example' },
    { id: 'bela', email: 'bela@mail.example' },
  ])
})
afterAll(() => server.stop())

const JSON_TYPE = { 'content-type': 'application/json' }

type Minted = { contact: string; token: string; url: string; redirect: string }
type Reply = { data: Minted[]; rejected: { contact: string; code: string; message: string }[] }

const mint = (more: object = {}) =>
  server.post<Reply>('/api/v1/link-tokens', { site: 'demo', contacts: ['anna'], message: 'may-2026', target, ...more })
const mintOne = async (more: object = {}) => (await mint(more)).data[0]!

const mac = (text: string, secret = site.link_secret) =>
  createHmac('sha256', secret).update(text).digest('base64url').slice(0, 22)

/** The token in its documented form. */
function token(
  contact: string,
  message: string,
  seconds: number,
  page: string | null,
  secret = site.link_secret,
): string {
  const parts = ['c1', message, mac(`contact:${contact}`, secret), String(seconds)]
  if (page !== null) parts.push(Buffer.from(page).toString('base64url'))
  return `${parts.join('.')}.${mac(parts.join('.'), secret)}`
}

const follow = (path: string, method = 'GET') => fetch(`${server.url}/l/${path}`, { method, redirect: 'manual' })

describe('minting', () => {
  test('makes the token in the documented form, and the URLs that carry it', async () => {
    const issued_at = '2026-05-01T08:30:00.400Z'
    const reply = await mint({ contacts: ['anna', 'bela'], issued_at })
    const seconds = Date.parse('2026-05-01T08:30:00Z') / 1000
    expect(reply).toEqual({
      data: ['anna', 'bela'].map((contact) => {
        const made = token(contact, 'may-2026', seconds, target)
        return { contact, token: made, url: `${target}#cl=${made}`, redirect: `${server.url}/l/${made}` }
      }),
      rejected: [],
    })
  })

  test('uses the shop’s home page if no target is given', async () => {
    const { url } = await mintOne({ target: undefined })
    expect(url).toMatch(new RegExp(`^${site.origins[0]}/#cl=c1\\.may-2026\\.`))
  })

  test('keeps the target’s fragment', async () => {
    const { url, token: made } = await mintOne({ target: `${server.url}/rings#gold` })
    expect(url).toBe(`${server.url}/rings#cl=${made}&gold`)
  })

  test('refuses unknown contacts and mints for the others', async () => {
    const reply = await mint({ contacts: ['nobody', 'anna'] })
    expect(reply.data.map((each) => each.contact)).toEqual(['anna'])
    expect(reply.rejected).toEqual([
      { contact: 'nobody', code: 'unknown_contact', message: expect.stringMatching(/^must be/) },
    ])
  })

  test('puts nothing personal into a token: neither id nor address, plain or encoded', async () => {
    const made = (await mintOne({ target: `${server.url}/` })).token
    const decoded = made
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
      .join(' ')
    for (const text of [made, decoded]) expect(text).not.toMatch(/anna|mail\.example/i)
    const other = (await mintOne({ contacts: ['bela'], target: `${server.url}/` })).token
    expect(other.split('.')[2]).not.toBe(made.split('.')[2])
  })

  test.each<[string, object, string, RegExp]>([
    ['another host', { target: 'https://evil.example/' }, 'target_not_allowed', /target must be on an origin/],
    ['another port of the host', { target: 'http://localhost:1/' }, 'target_not_allowed', /target must be/],
    [
      'a host that starts with the shop’s',
      { target: 'https://localhost.evil.example/' },
      'target_not_allowed',
      /target must be/,
    ],
    ['a script', { target: 'javascript:alert(1)' }, 'invalid_request', /^target must be an http or https URL/],
    ['a path', { target: '/rings' }, 'invalid_request', /^target must be/],
    ['an unknown site', { site: 'nowhere' }, 'unknown_site', /^site must be/],
    ['a message with a dot', { message: 'may.2026' }, 'invalid_request', /^message must be 1 to 40/],
    ['a message of 41 characters', { message: 'm'.repeat(41) }, 'invalid_request', /^message must be 1 to 40/],
    ['no contacts', { contacts: [] }, 'invalid_request', /^contacts\b/],
    ['an unknown field', { tracking: true }, 'invalid_request', /tracking/],
  ])('refuses %s with 400', async (_, more, code, detail) => {
    const body = JSON.stringify({ site: 'demo', contacts: ['anna'], message: 'may-2026', target, ...more })
    const response = await server.api('/api/v1/link-tokens', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    })
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({ code, detail: expect.stringMatching(detail) })
  })

  test.each<[string, object, string, RegExp]>([
    [
      'a merge field',
      { target: 'https://shop.example/{{page}}' },
      'merge_field',
      /^target must be the address of a page/,
    ],
    ['another tool’s merge field', { target: '*|PAGE|*' }, 'merge_field', /^target must be the address/],
    ['nobody', { contacts: undefined }, 'invalid_request', /must hold either contacts or segment/],
    [
      'contacts and a segment',
      { segment: 'cart_abandoned' },
      'invalid_request',
      /must hold either contacts or segment/,
    ],
    ['an unknown segment', { contacts: undefined, segment: 'x' }, 'unknown_segment', /^segment must be/],
    [
      'an expiry in the past',
      { expires: '2020-01-01T00:00:00Z' },
      'invalid_request',
      /^expires must be within 30 days/,
    ],
    [
      'an expiry too far ahead',
      { expires: '2199-01-01T00:00:00Z' },
      'invalid_request',
      /^expires must be within 30 days/,
    ],
    [
      'two times',
      { expires: new Date(Date.now() + DAY).toISOString(), issued_at: '2026-01-01T00:00:00Z' },
      'invalid_request',
      /issued_at or expires, not both/,
    ],
  ])('also refuses %s with 400', async (_, more, code, detail) => {
    const body = JSON.stringify({ site: 'demo', contacts: ['anna'], message: 'may-2026', target, ...more })
    const response = await server.api('/api/v1/link-tokens', { method: 'POST', body, headers: JSON_TYPE })
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({ code, detail: expect.stringMatching(detail) })
  })

  test('with an expiry makes a token dated 30 days before it, since tokens contain only their issue time', async () => {
    const expires = Date.now() + 2 * DAY
    const { token: made } = await mintOne({ contacts: ['bela'], expires: new Date(expires).toISOString() })
    expect(Number(made.split('.')[3])).toBe(Math.floor((expires - 30 * DAY) / 1000))
    const visitor = newVisitor()
    await sendAll(server, visitor, [event('page', MINUTE), event('identify', 0, { kind: 'link', link: made })])
    await settled(server)
    expect((await server.get(`/api/v1/visitors/${visitor}`)).links).toMatchObject([{ state: 'open' }])
  })

  test('for a segment includes the contacts that may be mailed, and reports why the others are skipped', async () => {
    await server.post('/api/v1/contacts', [
      { id: 'mailable', email: 'mailable@mail.example', mail_consent: true },
      { id: 'not-mailable', email: 'no@mail.example', mail_consent: false },
    ])
    const long = 3 * 60 * MINUTE
    const cart = (agoMs: number) =>
      event('add_to_cart', agoMs, { currency: 'EUR', items: [{ item_id: 'ring', price: 10 }] })
    for (const contact of ['mailable', 'not-mailable', null]) {
      const events = [cart(long)]
      if (contact !== null) {
        const signed = await signLogin(site.identity_secret, contact)
        events.push(event('identify', 0, { kind: 'login', token: signed }))
      }
      await sendAll(server, newVisitor(), events)
    }
    await settled(server)
    const reply = await mint({ contacts: undefined, segment: 'cart_abandoned' })
    expect(reply.data.map((link) => link.contact)).toEqual(['mailable'])
    expect(reply.rejected).toEqual([
      { contact: 'not-mailable', code: 'no_mail_consent', message: expect.stringMatching(/^must be/) },
    ])
    const told = await server.cli<Reply>(
      ...['tokens', 'mint', '--site', 'demo', '--message', 'm', '--segment', 'cart_abandoned'],
    )
    expect(told.data.map((link) => link.contact)).toEqual(['mailable'])
    expect(told.rejected.map((each) => each.code)).toEqual(['no_mail_consent'])
  })

  test.each([
    ['?format=csv', {}],
    ['', { accept: 'text/csv' }],
  ])('as a file%s has the columns that a mail tool merges', async (query, accept) => {
    const body = JSON.stringify({ site: 'demo', contacts: ['anna', 'nobody'], message: 'csv', target })
    const ask = (headers: Record<string, string>) =>
      server.api(`/api/v1/link-tokens${query}`, {
        method: 'POST',
        body,
        headers: { ...JSON_TYPE, ...accept, ...headers },
      })
    const response = await ask({})
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    const [head, row, ...rest] = (await response.text()).trim().split('\n')
    expect(head).toBe('contact,email,token,url,redirect')
    const [contact, email, made, url, redirect] = row!.split(',')
    expect([contact, email, url, redirect]).toEqual([
      'anna',
      'anna@mail.example',
      `${target}#cl=${made}`,
      `${server.url}/l/${made}`,
    ])
    expect(rest).toEqual([])
    // A key without permission to read contacts gets no addresses.
    const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'links:write')
    const text = await (await ask({ authorization: `Bearer ${key}` })).text()
    expect(text).toMatch(/^contact,token,url,redirect\nanna,c1\.csv\./)
    expect(text).not.toContain('mail.example')
  })

  test('works the same through the command', async () => {
    const reply = await server.cli<Reply>(
      ...[
        'tokens',
        'mint',
        '--site',
        'demo',
        '--message',
        'may-2026',
        '--contacts',
        'anna, nobody',
        '--target',
        target,
      ],
    )
    const [link] = reply.data
    const seconds = Number(link!.token.split('.')[3])
    const made = token('anna', 'may-2026', seconds, target)
    expect(link).toEqual({
      contact: 'anna',
      token: made,
      url: `${target}#cl=${made}`,
      redirect: expect.stringMatching(made),
    })
    expect(reply.rejected).toMatchObject([{ contact: 'nobody', code: 'unknown_contact' }])
  })

  test('needs the scope links:write', async () => {
    const [no, yes] = await Promise.all(
      ['contacts:write', 'links:write'].map((scope) =>
        server.cli<{ key: string }>('keys', 'create', '--scopes', scope),
      ),
    )
    const body = JSON.stringify({ site: 'demo', contacts: ['anna'], message: 'm' })
    const ask = (headers: Record<string, string>) =>
      fetch(`${server.url}/api/v1/link-tokens`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...headers },
      })
    expect((await ask({})).status).toBe(401)
    expect((await ask({ authorization: `Bearer ${no!.key}` })).status).toBe(403)
    expect((await ask({ authorization: `Bearer ${yes!.key}` })).status).toBe(200)
  })

  test('is audited without tokens or contacts', async () => {
    const made = await mintOne({ message: 'audited-mail' })
    const rows = await server.query<{ action: string; detail: string }>(
      "select action, detail from audit where detail like '%audited-mail%'",
    )
    expect(rows).toEqual([{ action: 'link_tokens.mint', detail: expect.any(String) }])
    expect(JSON.parse(rows[0]!.detail)).toEqual({ site: 'demo', message: 'audited-mail', minted: 1, rejected: 0 })
    expect(await filesHolding(server, made.token)).toEqual([])
  })
})

describe('the redirect', () => {
  test.each(['GET', 'HEAD'])(
    'of a %s request leads to the target with the token in the fragment, and sets no cookie',
    async (method) => {
      const { token: made } = await mintOne()
      const response = await follow(made, method)
      expect(response.status).toBe(302)
      expect(response.headers.get('location')).toBe(`${target}#cl=${made}`)
      expect(response.headers.get('set-cookie')).toBeNull()
      expect(response.headers.get('cache-control')).toBe('no-store')
      await response.body?.cancel()
    },
  )

  test('follows a token made by a mail tool', async () => {
    const made = token('anna', 'own_mail-1', 1_780_000_000, `${server.url}/gold`)
    expect((await follow(made)).headers.get('location')).toBe(`${server.url}/gold#cl=${made}`)
  })

  test('of a token without a page leads to the shop’s home page', async () => {
    const made = token('anna', 'own', 1_780_000_000, null)
    expect((await follow(made)).headers.get('location')).toBe(`${site.origins[0]}/#cl=${made}`)
  })

  test('keeps working after the token has stopped being evidence', async () => {
    const { token: made } = await mintOne({ issued_at: '2020-01-01T00:00:00Z' })
    expect((await follow(made)).status).toBe(302)
  })

  test('makes no claim, however often it is fetched', async () => {
    const { token: made } = await mintOne({ message: 'scanned' })
    for (let i = 0; i < 5; i++) await follow(made, i % 2 === 0 ? 'GET' : 'HEAD')
    await settled(server)
    expect(await server.query("select * from claims where message = 'scanned'")).toEqual([])
    expect((await server.get('/api/v1/links?contact=anna')).data).toEqual([])
  })

  const page = (url: string) => Buffer.from(url).toString('base64url')
  test.each<[string, (made: string) => string]>([
    ['with another target', (made) => made.replace(/\.[^.]*(\.[^.]*)$/, `.${page('https://evil.example/')}$1`)],
    ['with another message', (made) => made.replace('.may-2026.', '.may-2027.')],
    ['with another time', (made) => made.replace(/\.(\d+)\./, (_, at) => `.${Number(at) + 1}.`)],
    ['with another contact', (made) => made.replace(/(\.may-2026\.)[^.]*/, `$1${'A'.repeat(22)}`)],
    ['with its target removed', (made) => made.replace(/\.[^.]*(\.[^.]*)$/, '$1')],
    ['cut off', (made) => made.slice(0, -1)],
    ['signed with another secret', () => token('anna', 'may-2026', 1_780_000_000, 'https://evil.example/', 'guessed')],
    ['with a script as its target', () => token('anna', 'm', 1_780_000_000, 'javascript:alert(1)')],
    ['with a path without a host as its target', () => token('anna', 'm', 1_780_000_000, '/rings')],
    ['that is a plain URL', () => 'https%3A%2F%2Fevil.example'],
  ])('of a token %s is 400 and leads nowhere', async (_, tamper) => {
    const response = await follow(tamper((await mintOne()).token))
    expect(response.status).toBe(400)
    expect(response.headers.get('location')).toBeNull()
    expect(response.headers.get('set-cookie')).toBeNull()
    expect((await problemOf(response)).code).toBe('invalid_link')
  })
})

describe('following a link', () => {
  const click = (link: string, agoMs = 0) => event('identify', agoMs, { kind: 'link', link })
  const links = async (visitor: string) =>
    (await server.get(`/api/v1/visitors/${visitor}`)).links as Record<string, unknown>[]

  test.each<[string, () => Promise<string>]>([
    ['minted here', async () => (await mintOne({ message: 'click-1' })).token],
    ['made by the mail tool', async () => token('anna', 'click-2', Math.floor(Date.now() / 1000), null)],
  ])('%s links the visitor on the evidence of a click', async (_, made) => {
    const visitor = newVisitor()
    await sendAll(server, visitor, [event('page', MINUTE), click(await made())])
    await settled(server)
    expect(await links(visitor)).toEqual([
      expect.objectContaining({
        contact: 'anna',
        evidence: 'email_click',
        strength: 'confirmed',
        state: 'open',
        reason: 'first_click',
      }),
    ])
    const { data } = await server.get('/api/v1/contacts/anna/timeline')
    const his = data.filter((each: { visitor: string }) => each.visitor === visitor)
    expect(his.map((each: { type: string; link: { strength: string } }) => [each.type, each.link.strength])).toEqual([
      ['page', 'confirmed'],
      ['identify', 'confirmed'],
    ])
  })

  test('made 31 days before is no longer evidence', async () => {
    const visitor = newVisitor()
    const issued_at = new Date(Date.now() - 31 * DAY).toISOString()
    await sendAll(server, visitor, [event('page', MINUTE), click((await mintOne({ issued_at })).token)])
    await settled(server)
    expect(await links(visitor)).toEqual([expect.objectContaining({ state: 'refused', reason: 'token_expired' })])
  })

  test.each<[string, () => Promise<string>]>([
    ['signed with another secret', async () => token('anna', 'm', Math.floor(Date.now() / 1000), null, 'guessed')],
    [
      'of another contact under the same MAC',
      async () => (await mintOne()).token.replace(/(\.may-2026\.)[^.]*/, `$1${'A'.repeat(22)}`),
    ],
    [
      'of another site',
      async () => {
        const other = await server.cli<SiteView>(
          'sites',
          'create',
          '--id',
          'mails',
          '--origin',
          'https://mails.example',
        )
        return token('anna', 'm', Math.floor(Date.now() / 1000), null, other.link_secret)
      },
    ],
  ])('%s is rejected and links nobody', async (_, made) => {
    const visitor = newVisitor()
    const response = await send(server, batch([event('page'), click(await made())], { visitor }))
    const reply = (await response.json()) as WireReply
    expect(reply).toMatchObject({ visitor, accepted: 1, rejected: [{ index: 1, code: 'invalid_token' }] })
    await settled(server)
    expect(await links(visitor)).toEqual([])
  })

  test('stores only the keyed hash of the token', async () => {
    const { token: made } = await mintOne({ message: 'kept-nowhere' })
    await sendAll(server, newVisitor(), [click(made)])
    await settled(server)
    expect(await filesHolding(server, 'kept-nowhere')).not.toEqual([])
    expect(await filesHolding(server, made)).toEqual([])
    expect(await filesHolding(server, made.split('.').at(-1)!)).toEqual([])
  })
})

describe('revoking', () => {
  const click = (link: string, agoMs = 0) => event('identify', agoMs, { kind: 'link', link })
  const revoke = (query: Record<string, string>) =>
    server.api(`/api/v1/link-tokens?${new URLSearchParams({ site: 'demo', ...query })}`, { method: 'DELETE' })
  const revoked = async (query: Record<string, string>) => {
    const response = await revoke(query)
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
    return (await response.json()) as { site: string; revoked: string; at: string }
  }
  const rows = () => server.query<{ kind: string; value: string; at: number }>('select * from revocations')

  test('a token, a mailing or a contact is stored with its time, and repeating it changes nothing', async () => {
    const { token: made } = await mintOne({ message: 'revoked-1' })
    const visitor = newVisitor()
    await sendAll(server, visitor, [click(made)])
    await settled(server)
    const [claim] = await server.query<{ key_hash: string; token_hash: string }>(
      'select key_hash, token_hash from claims where visitor_id = ?',
      visitor,
    )
    const wanted = [
      ['token', made, claim!.token_hash],
      ['message', 'revoked-1', 'demo revoked-1'],
      ['contact', 'anna', claim!.key_hash],
    ] as const
    for (const [kind, value, kept] of wanted) {
      const reply = await revoked({ [kind]: value })
      expect(reply).toEqual({ site: 'demo', revoked: kind, at: expect.stringMatching(/Z$/) })
      expect(await rows()).toContainEqual({ kind, value: kept, at: Date.parse(reply.at) })
      expect(await revoked({ [kind]: value })).toEqual(reply)
    }
    // Other tests need Anna.
    await server.change('delete from revocations')
    const audit = await server.query<{ detail: string }>(
      'select detail from audit where action = ? order by at, id',
      'link_tokens.revoke',
    )
    expect(audit).toHaveLength(6)
    expect(JSON.stringify(audit)).not.toMatch(/anna|c1\./)
  })

  test('works the same through the command', async () => {
    const reply = await server.cli<object>('tokens', 'revoke', '--site', 'demo', '--message', 'revoked-2')
    expect(reply).toEqual({ site: 'demo', revoked: 'message', at: expect.stringMatching(/Z$/) })
    expect((await rows()).map((row) => row.value)).toContain('demo revoked-2')
  })

  test('derives again the visitors whose claims were received later, whatever time they give', async () => {
    const { token: made } = await mintOne({ message: 'revoked-3' })
    const [before, since] = [newVisitor(), newVisitor()]
    await sendAll(server, before, [click(made, 5 * MINUTE)])
    await settled(server)
    await revoked({ message: 'revoked-3' })
    await sendAll(server, since, [click(made, 5 * MINUTE)])
    await settled(server)
    await server.change('update visitors set events = 99 where visitor_id in (?, ?)', before, since)
    await revoked({ message: 'revoked-3' })
    await settled(server)
    const left = await server.query<{ visitor_id: string }>('select visitor_id from visitors where events = 99')
    expect(left.map((row) => row.visitor_id)).toEqual([before])
  })

  test.each<[string, Record<string, string>, string, RegExp]>([
    ['nothing', {}, 'invalid_request', /must hold exactly one of token, message, contact and key=all/],
    ['two things', { message: 'a', contact: 'anna' }, 'invalid_request', /must hold exactly one/],
    ['an invalid token', { token: 'c1.a' }, 'invalid_token', /^token must be a complete link token/],
    ['an invalid mailing', { message: 'a.b' }, 'invalid_request', /^message must be 1 to 40/],
    ['an unknown contact', { contact: 'nobody' }, 'unknown_contact', /^contact must be the id/],
    ['a key other than all', { key: 'one' }, 'invalid_request', /^key must be all/],
    ['of an unknown site', { site: 'x', key: 'all' }, 'unknown_site', /^site must be/],
  ])('%s is refused with 400 and stores nothing', async (_, query, code, detail) => {
    const before = await rows()
    const response = await revoke(query)
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({ code, detail: expect.stringMatching(detail) })
    expect(await rows()).toEqual(before)
  })

  test('needs the scope links:write', async () => {
    const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'contacts:write')
    const ask = (headers: Record<string, string>) =>
      fetch(`${server.url}/api/v1/link-tokens?site=demo&key=all`, { method: 'DELETE', headers })
    expect((await ask({})).status).toBe(401)
    expect((await ask({ authorization: `Bearer ${key}` })).status).toBe(403)
  })

  test('later clicks are refused, and earlier ones stay valid', async () => {
    await server.post('/api/v1/contacts', [{ id: 'dora' }])
    const { token: made } = await mintOne({ contacts: ['dora'], message: 'revoked-4' })
    const [before, after] = [newVisitor(), newVisitor()]
    await sendAll(server, before, [click(made, MINUTE)])
    await settled(server)
    await revoked({ token: made })
    await sendAll(server, after, [click(made)])
    await settled(server)
    const states = async (visitor: string) => (await server.get(`/api/v1/visitors/${visitor}`)).links
    expect(await states(before)).toMatchObject([{ state: 'open', reason: 'first_click' }])
    expect(await states(after)).toMatchObject([{ state: 'refused', reason: 'token_revoked' }])
    // The redirect still works.
    expect((await follow(made)).status).toBe(302)
  })

  test('every token of a site gives it a new secret: old tokens still redirect but prove nothing, and existing links stay', async () => {
    const other = await server.cli<SiteView>(
      'sites',
      'create',
      '--id',
      'rekeyed',
      '--origin',
      'https://rekeyed.example',
    )
    const cleo = { contacts: ['cleo'] }
    await server.post('/api/v1/contacts', [{ id: 'cleo' }])
    const old = await mintOne({ ...cleo, site: 'rekeyed', target: 'https://rekeyed.example/page' })
    const visitor = newVisitor()
    await sendAll(server, visitor, [click(old.token)], { site: 'rekeyed' })
    await settled(server)
    expect(await revoked({ site: 'rekeyed', key: 'all' })).toMatchObject({ revoked: 'key' })

    const now = await server.cli<SiteView>('sites', 'show', 'rekeyed')
    expect(now.link_secret).not.toBe(other.link_secret)
    expect(now).toEqual({ ...other, link_secret: now.link_secret })
    const late = newVisitor()
    const response = await send(server, batch([click(old.token)], { site: 'rekeyed', visitor: late }))
    expect((await response.json()) as WireReply).toMatchObject({ accepted: 0, rejected: [{ code: 'invalid_token' }] })
    const landing = await follow(old.token)
    expect([landing.status, landing.headers.get('location')]).toEqual([302, 'https://rekeyed.example/page'])
    // A holder of the old secret could sign any page.
    const evil = token('anna', 'm', 1_780_000_000, 'https://evil.example/', other.link_secret)
    expect((await follow(evil)).status).toBe(400)

    const fresh = await mintOne({ ...cleo, site: 'rekeyed', target: 'https://rekeyed.example/page' })
    expect(fresh.token).toBe(
      token('cleo', 'may-2026', Number(fresh.token.split('.')[3]), 'https://rekeyed.example/page', now.link_secret),
    )
    await sendAll(server, late, [click(fresh.token)], { site: 'rekeyed' })
    await server.post('/api/v1/contacts', [{ id: 'cleo', attributes: { changed: true } }])
    await settled(server)
    for (const each of [visitor, late]) {
      const { links } = await server.get(`/api/v1/visitors/${each}`)
      expect(links).toMatchObject([{ contact: 'cleo', state: 'open', reason: 'first_click' }])
    }
  })
})
