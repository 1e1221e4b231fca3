/**
 * Segments that name others: what uses one is told, keeps it from being deleted, and follows its changes; none leads back
 * to itself. Versions of definitions say what changed, and earlier ones can be restored. Amounts have a currency.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { problemOf } from '../support/requests.ts'
import { judged } from '../support/segments.ts'
import { event, sendAll } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.stop())

const call = (method: string, path: string, body?: unknown) =>
  server.api(`/api/v1/segments${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
const add = (id: string, node: unknown, more: object = {}) => call('POST', '', { id, name: id, node, ...more })
const change = (id: string, node: unknown, more: object = {}) => call('PUT', `/${id}`, { name: id, node, ...more })

/** The members that are visitors; the contacts of the demo have never come. */
const membersOf = async (id: string) => {
  const { data } = await server.get<{ data: { person: { kind: string; id: string } }[] }>(
    `/api/v1/segments/${id}/members`,
  )
  return data.filter(({ person }) => person.kind === 'visitor').map(({ person }) => person.id)
}

describe('a segment that another names', () => {
  test('is told with what uses it, cannot be deleted, and passes on its changes', async () => {
    expect((await add('carts', { cart: {} })).status).toBe(201)
    expect((await add('of_carts', { all: [{ matched: false }, { segment: 'carts' }] })).status).toBe(201)
    expect((await add('of_those', { not: { segment: 'of_carts' } })).status).toBe(201)
    const shop = event('add_to_cart', 60_000, { currency: 'EUR', items: [{ item_id: 'ring', price: 120 }] })
    await sendAll(server, 'visitor-with-cart-aaaaa', [shop])
    await sendAll(server, 'visitor-no-cart-bbbbbbb', [event('page', 60_000)])
    await judged(server)
    expect(await membersOf('of_carts')).toEqual(['visitor-with-cart-aaaaa'])
    expect(await membersOf('of_those')).toEqual(['visitor-no-cart-bbbbbbb'])

    const one = await server.get('/api/v1/segments/carts')
    expect(one).toMatchObject({ id: 'carts', node: { cart: {} }, currency: null })
    expect(one.uses).toEqual([{ kind: 'segment', id: 'of_carts', name: 'of_carts' }])
    expect((await server.get('/api/v1/segments/of_those')).uses).toEqual([])

    const refused = await call('DELETE', '/carts')
    const body = await refused.json()
    expect([refused.status, body]).toEqual([
      409,
      expect.objectContaining({ code: 'in_use', uses: [{ kind: 'segment', id: 'of_carts', name: 'of_carts' }] }),
    ])
    expect(body.detail).toContain('"of_carts"')
    expect((await call('GET', '/carts')).status).toBe(200)

    // Those that name it, directly or through another, are judged again with it.
    await change('carts', { matched: false })
    await judged(server)
    expect(await membersOf('of_carts')).toHaveLength(2)
    expect(await membersOf('of_those')).toEqual([])

    for (const id of ['of_those', 'of_carts', 'carts']) expect((await call('DELETE', `/${id}`)).status).toBe(204)
    expect((await call('GET', '/carts')).status).toBe(404)
    await judged(server)
  })

  test.each([
    ['itself', 'a', { segment: 'a' }, 'node.segment must not lead back to the segment itself (a → a)'],
    [
      'itself inside others',
      'a',
      { all: [{ matched: true }, { not: { segment: 'a' } }] },
      'node.all.1.not.segment must not lead back to the segment itself (a → a)',
    ],
    ['itself through another', 'a', { any: [{ segment: 'b' }] }, '(a → b → a)'],
    [
      'itself through two',
      'a',
      { segment: 'c' },
      'node.segment must not lead back to the segment itself (a → c → b → a)',
    ],
    ['nobody', 'a', { not: { segment: 'nobody' } }, 'node.not.segment must be the id of a segment (got "nobody")'],
  ])('may not be %s', async (_, id, node, detail) => {
    await add('a', { matched: true })
    await add('b', { segment: 'a' })
    await add('c', { all: [{ cart: {} }, { segment: 'b' }] })
    const refused = await problemOf(await change(id, node))
    expect(refused).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(refused.detail).toContain(detail)
    const [newest] = (await server.get(`/api/v1/segments/${id}/versions`)).data
    expect(newest.node).toEqual({ matched: true })
  })

  test('must exist when a segment is added too', async () => {
    const refused = await problemOf(await add('new', { all: [{ segment: 'new' }] }))
    expect(refused.detail).toContain('node.all.0.segment must not lead back')
    expect((await problemOf(await add('new', { segment: 'gone' }))).detail).toContain('(got "gone")')
  })
})

describe('versions', () => {
  test('say what each changed, and can be restored', async () => {
    const first = { all: [{ matched: true }, { cart: { idle: { max: '7d' } } }] }
    await add('kept', first)
    const second = { all: [{ matched: true }, { consent: { mail: true } }, { cart: { idle: { max: '3d' } } }] }
    await call('PUT', '/kept', { name: 'Other', node: second })
    const { data } = await server.get('/api/v1/segments/kept/versions')
    expect(data.map(({ version, changes }: { version: number; changes: unknown }) => [version, changes])).toEqual([
      [
        2,
        [
          { path: 'name', before: 'kept', after: 'Other' },
          { path: 'node.all.1', before: { cart: { idle: { max: '7d' } } }, after: { consent: { mail: true } } },
          { path: 'node.all.2', before: null, after: { cart: { idle: { max: '3d' } } } },
        ],
      ],
      [1, []],
    ])
    const restored = await call('POST', '/kept/versions/1/restore')
    expect([restored.status, await restored.json()]).toEqual([
      200,
      expect.objectContaining({ id: 'kept', name: 'kept', node: first, version: 3 }),
    ])
    // There is nothing to restore: it is that already.
    expect(await (await call('POST', '/kept/versions/3/restore')).json()).toMatchObject({ version: 3 })
    expect(await problemOf(await call('POST', '/kept/versions/9/restore'))).toMatchObject({
      ...{ status: 404, code: 'unknown_version' },
    })
    expect(await problemOf(await call('POST', '/kept/versions/x/restore'))).toMatchObject({ status: 400 })

    await call('DELETE', '/kept')
    expect(await problemOf(await call('POST', '/kept/versions/4/restore'))).toMatchObject({
      ...{ status: 409, code: 'version_deleted' },
    })
    const back = await call('POST', '/kept/versions/2/restore')
    expect([back.status, await back.json()]).toEqual([
      200,
      expect.objectContaining({ name: 'Other', node: second, version: 5, origin: 'shop' }),
    ])
    const actions = await server.query<{ action: string }>("select action from audit where action = 'segment.restore'")
    expect(actions.length).toBe(3)
    await judged(server)
  })

  test('that would lead back to themselves cannot be restored', async () => {
    await add('up', { matched: true })
    await add('down', { segment: 'up' })
    await change('down', { matched: false })
    await change('up', { segment: 'down' })
    const refused = await problemOf(await call('POST', '/down/versions/1/restore'))
    expect(refused.detail).toContain('(down → up → down)')
  })
})

describe('a currency', () => {
  test('belongs to the definition', async () => {
    const node = { cart: { value: { gte: 100 } } }
    expect(await (await add('dollars', node, { currency: 'USD' })).json()).toMatchObject({
      currency: 'USD',
      version: 1,
    })
    const same = await change('dollars', node, { currency: 'USD' })
    expect(await same.json()).toMatchObject({ currency: 'USD', version: 1 })
    expect(await (await change('dollars', node)).json()).toMatchObject({ currency: null, version: 2 })
    const [newest] = (await server.get('/api/v1/segments/dollars/versions')).data
    expect(newest.changes).toEqual([{ path: 'currency', before: 'USD', after: null }])
    const usd = { currency: 'USD', items: [{ item_id: 'ring', price: 120 }] }
    await sendAll(server, 'visitor-of-dollars-cccc', [event('add_to_cart', 60_000, usd)])
    await judged(server)
    expect(await membersOf('dollars')).not.toContain('visitor-of-dollars-cccc')
    await change('dollars', node, { currency: 'USD' })
    await judged(server)
    expect(await membersOf('dollars')).toEqual(['visitor-of-dollars-cccc'])
  })

  test.each(['usd', 'EURO', '', 7, null])('%j is none', async (currency) => {
    const refused = await problemOf(await add('wrong', { matched: true }, { currency }))
    expect(refused).toMatchObject({ status: 400 })
    expect(refused.detail).toBe('currency must be a currency by its ISO 4217 code, such as EUR')
  })
})

test.each([
  [{ id: 'X', name: 'X' }, 'id must be 1 to 64 of a-z 0-9 _ -, a letter first'],
  [{ id: 7, name: 'X' }, 'id must be 1 to 64 of a-z 0-9 _ -, a letter first'],
  [{ id: 'x' }, 'name must be a text of 1 to 100 characters, or {"fr": …, "en": …} of such'],
  [{ id: 'x', name: { fr: 'X', en: ' ' } }, 'name'],
  [{ id: 'x', name: { fr: 'X', de: 'X' } }, 'name'],
])('%j is refused', async (body, detail) => {
  const refused = await problemOf(await call('POST', '', { node: { matched: true }, ...body }))
  expect(refused).toMatchObject({ status: 400, code: 'invalid_request' })
  expect(refused.detail).toContain(detail)
})
