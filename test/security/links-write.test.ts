/**
 * A key with `links:write` mints tokens and declares links errors, and that is all: it cannot confirm claims that it made
 * itself, bring back what an operator declared an error, or list the members of a segment.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, problemOf } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

type Link = { id: string; strength: string; state: string }

let server: TestServer
let bearer: Record<string, string>
beforeAll(async () => {
  server = await startServer()
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'links:write,events:write')
  bearer = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  await server.post('/api/v1/contacts', [{ id: 'crm-7', email: 'jp@example.com', mail_consent: true }])
})
afterAll(() => server?.stop())

const ask = (path: string, body: object = {}, headers = bearer) =>
  fetch(`${server.url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
const linkOf = async (visitor: string) =>
  (await server.get<{ data: Link[] }>(`/api/v1/links?visitor=${visitor}`)).data[0]!

/** Links of claims that the key made: a click on its own token, a login without a signature, and a typed address. */
const CLAIMS: [string, () => Promise<object>, string][] = [
  [
    'a click on a token that it minted',
    async () => {
      const response = await ask('/link-tokens', { site: 'demo', contacts: ['crm-7'], message: 'own' })
      return { kind: 'link', link: ((await response.json()) as { data: { token: string }[] }).data[0]!.token }
    },
    'confirmed',
  ],
  ['a login that it sent', async () => ({ kind: 'login', contact_id: 'crm-7' }), 'claimed'],
]

describe.each(CLAIMS)('%s', (_, claim, strength) => {
  let visitor: string
  let link: Link
  beforeAll(async () => {
    visitor = newVisitor()
    await sendAll(server, visitor, [event('page', 1000), event('identify', 0, (await claim()) as never)], {})
    await settled(server)
    link = await linkOf(visitor)
  })

  test('is not confirmed by the key', async () => {
    expect(link.strength).toBe(strength)
    const response = await ask(`/links/${link.id}/confirm`)
    expect([response.status, (await problemOf(response)).code]).toEqual([403, 'operator_only'])
    await settled(server)
    expect(await linkOf(visitor)).toEqual(link)
  })

  test('is not brought back by the key when an operator declared it an error', async () => {
    await server.post(`/api/v1/links/${link.id}/void`, {})
    await settled(server)
    const voided = await linkOf(visitor)
    expect(voided.state).toBe('void')
    const response = await ask(`/links/${link.id}/clear`)
    expect([response.status, (await problemOf(response)).code]).toEqual([403, 'operator_only'])
    await settled(server)
    expect(await linkOf(visitor)).toEqual(voided)
    await server.post(`/api/v1/links/${link.id}/clear`, {})
  })

  test('is confirmed by an operator', async () => {
    await server.post(`/api/v1/links/${link.id}/confirm`, {})
    await settled(server)
    expect((await linkOf(visitor)).strength).toBe('verified')
  })
})

test('a key voids a link, and undoes its own act', async () => {
  const visitor = newVisitor()
  await sendAll(server, visitor, [event('identify', 0, { kind: 'login', contact_id: 'crm-7' })])
  await settled(server)
  const { id } = await linkOf(visitor)
  expect((await ask(`/links/${id}/void`)).status).toBe(200)
  expect((await ask(`/links/${id}/clear`)).status).toBe(200)
})

test('links of a segment, which list its members, need segments:read too', async () => {
  const body = { site: 'demo', segment: 'cart_abandoned', message: 'letter' }
  for (const path of ['/link-tokens', '/link-tokens?format=csv']) {
    const response = await ask(path, body)
    expect([response.status, (await problemOf(response)).code]).toEqual([403, 'missing_scope'])
  }
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'links:write,segments:read')
  expect((await ask('/link-tokens', body, { ...bearer, authorization: `Bearer ${key}` })).status).toBe(200)
})
