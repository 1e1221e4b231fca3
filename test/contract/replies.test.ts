/**
 * The API's replies match its description: real replies of every call that reads, with data in them, are checked
 * against the schemas of `/openapi.json`. An undescribed member fails, and so does a missing one.
 */
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApiDocument, Schema } from '../../server/http/api-document.ts'
import { filledPath } from '../../server/http/reference.ts'
import { printedPassword } from '../support/requests.ts'
import { settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })

let server: TestServer
let document: ApiDocument

const VISITOR = 'Vk3aT9bQ2mXw7LdP5sRz1c'
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()

beforeAll(async () => {
  server = await startServer()
  document = await server.get<ApiDocument>('/openapi.json')
  await server.post('/api/v1/contacts', [
    {
      id: 'crm-7',
      email: 'jp@example.com',
      phone: '+33 1',
      mail_consent: true,
      attributes: { first_name: 'Jean', last_name: 'Martin' },
    },
  ])
  const items = [{ item_id: 'bracelet', item_name: 'Bracelet', price: 890, quantity: 1, item_category: 'Gold' }]
  await server.post('/v1/events', {
    site: 'demo',
    visitor: VISITOR,
    consent: { id: 'c1', analytics: true, identity: true, marketing: true, source: 'cmp', policy: 'v3' },
    events: [
      { id: 'view', type: 'view_item', at: ago(190), url: 'https://shop.example/b', props: { currency: 'EUR', items } },
      { id: 'login-4711', type: 'identify', at: ago(185), props: { kind: 'login', contact_id: 'crm-7' } },
      { id: 'odd', type: 'view_item', at: ago(171), props: { items: [{ item_id: 'odd', price: 'on request' }] } },
      { id: 'cart', type: 'add_to_cart', at: ago(170), title: 'Bracelet', props: { currency: 'EUR', items } },
    ],
  })
  await settled(server)
  await server.post('/api/v1/identify', { site: 'demo', visitor: VISITOR, contact_id: 'crm-7', at: ago(180) })
  await server.post('/api/v1/orders', [
    {
      order_id: 'till-1',
      contact_id: 'crm-7',
      at: ago(10_000),
      total: 45.5,
      currency: 'EUR',
      items: [{ item_id: 'x' }],
    },
  ])
  const file = { method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'id,email\ncrm-8,anna@example.com\n' }
  expect((await server.api('/api/v1/contacts', file)).status).toBe(200)
  await settled(server)
  const { data } = await server.get<{ data: { id: string }[] }>('/api/v1/links?contact=crm-7')
  await server.post(`/api/v1/links/${data[0]!.id}/confirm`, {})
  await settled(server)
  await until(async () => (await server.get('/api/v1/matches')).data.length > 0, 'the match is in the feed')
  const signedIn = await fetch(`${server.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
    body: JSON.stringify({ password: printedPassword(server) }),
  })
  expect(signedIn.status).toBe(204)
})
afterAll(() => server?.stop())

/** The referenced schemas of the document, closed to undescribed members. */
const $defs: Record<string, Schema> = {}

/** The schema, changed to refuse undescribed members at any depth. */
function closed(schema: Schema): Schema {
  const name = schema.$ref?.split('/').pop()
  if (name !== undefined) {
    if (!(name in $defs)) {
      // Conditions are nested, so the name is registered before its schema is visited.
      $defs[name] = {}
      $defs[name] = closed(document.components.schemas[name]!)
    }
    return { ...schema, $ref: `#/$defs/${name}` }
  }
  const open = inlined(schema)
  const isObject = 'properties' in open || 'allOf' in open
  return isObject && !('additionalProperties' in open) ? { ...open, unevaluatedProperties: false } : open
}

/** The same, except for its outermost members, because one part of an `allOf` does not know the others. */
function inlined(schema: Schema): Schema {
  const part = (each: Schema) => {
    const name = each.$ref?.split('/').pop()
    return inlined(name === undefined ? each : document.components.schemas[name]!)
  }
  const list = (name: string, use: (each: Schema) => Schema) => {
    const value = schema[name]
    return Array.isArray(value) ? { [name]: value.map(use) } : {}
  }
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>)
  return {
    ...schema,
    ...(properties.length === 0
      ? {}
      : { properties: Object.fromEntries(properties.map(([name, each]) => [name, closed(each)])) }),
    ...('items' in schema ? { items: closed(schema.items as Schema) } : {}),
    ...list('allOf', part),
    ...list('anyOf', closed),
    ...list('oneOf', closed),
  }
}

/** SDKs ask for these with a site's write key, which no example can hold; the tests of the SDKs read them. */
const WITH_WRITE_KEY = ['/v1/projects/{key}/settings', '/sourceConfig']

/** Every call that reads JSON, by path. */
const reads = () =>
  Object.entries(document.paths).flatMap(([path, { get }]) => {
    if (WITH_WRITE_KEY.includes(path)) return []
    const schema = get?.responses[200]?.content?.['application/json']?.schema
    return get === undefined || schema === undefined ? [] : [{ path, operation: get, schema }]
  })

const IMPORT = '/api/v1/imports/{id}'

/** The path of an import, whose id the server chooses. */
async function importPath(): Promise<string> {
  const { data } = await server.get<{ data: { id: string }[] }>('/api/v1/imports')
  return IMPORT.replace('{id}', data[0]!.id)
}

test('every call that reads answers as described, with data', async () => {
  const wrong: string[] = []
  const empty: string[] = []
  for (const { path, operation, schema } of reads()) {
    const reply: unknown = await server.get(path === IMPORT ? await importPath() : filledPath(path, operation))
    const check = ajv.compile({ ...closed(schema), $defs })
    if (!check(reply)) wrong.push(`${path}: ${ajv.errorsText(check.errors)}`)
    const { data } = reply as { data?: unknown[] }
    if (data?.length === 0) empty.push(path)
  }
  expect(wrong).toEqual([])
  // No two contacts share a device here; the rows have the same shape as a contact's visitors.
  expect(empty).toEqual(['/api/v1/visitors'])
})

test('the check detects an undescribed or missing member', async () => {
  const { schema } = reads().find(({ path }) => path === '/api/v1/links/{id}')!
  const check = ajv.compile({ ...closed(schema), $defs })
  const { data } = await server.get<{ data: { id: string }[] }>('/api/v1/links?contact=crm-7')
  const link = await server.get<Record<string, unknown>>(`/api/v1/links/${data[0]!.id}`)
  const { why: _, ...less } = link
  expect([check(link), check({ ...link, more: 1 }), check(less)]).toEqual([true, false, false])
})
