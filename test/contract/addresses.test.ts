/**
 * One person's mail address, as a CRM has it and as a shop sends it: what nobody sees and how it is encoded make no
 * difference. Other differences do: they may be those of two people.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newVisitor } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** What the CRM has, what the shop's server sends at the login, and whether that is the same person. */
const ADDRESSES: [crm: string, shop: string, isSame: boolean][] = [
  ['anna@shop.example\u200b', 'anna@shop.example', true],
  ['\u2068bela@shop.example\u2069', 'Bela@Shop.example ', true],
  ['ren\u00e9@shop.example', 'rene\u0301@shop.example', true],
  ['rene@bijoux-\u00e9l\u00e9gance.example', 'rene@xn--bijoux-lgance-hhbb.example', true],
  ['eva@xn--mnchen-3ya.example', 'eva@m\u00fcnchen.example', true],
  ["'jean@shop.example", 'jean@shop.example', true],
  ['carla.b@shop.example', 'carlab@shop.example', false],
  ['dora@shop.example', 'dora+x@shop.example', false],
]

let server: TestServer

beforeAll(async () => {
  server = await startServer()
  await server.post(
    '/api/v1/contacts',
    ADDRESSES.map(([email], n) => ({ id: `crm-${n}`, email })),
  )
})
afterAll(() => server.stop())

test.each(ADDRESSES.map((row, n) => [...row, `crm-${n}`] as const))('%j and %j: %s', async (_, shop, isSame, id) => {
  const visitor = newVisitor()
  await sendAll(server, visitor, [event('page', 60_000)])
  await settled(server)
  await server.api('/api/v1/identify', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ site: 'demo', visitor, email: shop }),
  })
  await settled(server)
  const contact = await (await server.api(`/api/v1/contacts/${id}`)).json()
  expect(contact.visitors.map((each: { id: string }) => each.id)).toEqual(isSame ? [visitor] : [])
})

test('an address is kept without what nobody sees', async () => {
  const stored = await server.query<{ email: string }>(
    "select email from contacts where contact_id like 'crm-%' order by contact_id",
  )
  expect(stored.map(({ email }) => email)).toEqual(
    ADDRESSES.map(([email]) => email.replace(/[\u200b\u2068\u2069']/g, '')),
  )
})

test('contacts of an older version are found by the new rule after an upgrade', async () => {
  const keys = () => server.query('select * from contact_keys order by key_hash, contact_id')
  const before = await keys()
  await server.change("delete from contact_keys where contact_id in ('crm-3', 'crm-4')")
  await server.change("delete from meta where name = 'address_rule'")
  await server.cli('sites', 'show', 'demo')
  // The second is plain ASCII, so no rule has changed for it.
  const lost = before.length - (await keys()).length
  expect(lost).toBe(before.filter((row) => row.contact_id === 'crm-4').length)
})
