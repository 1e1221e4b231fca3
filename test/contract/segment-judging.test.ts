/**
 * While every person is judged by a new definition, collecting and deriving continue; a restart resumes where it
 * stopped.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { contactPerson, visitorPerson } from '../../server/domain/ids.ts'
import { event, sendAll } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const PERSONS = 20_000
const HOUR = 3600_000
const now = Date.now()

let server: TestServer
beforeAll(async () => {
  server = await startServer()
  await server.change(FILL)
})
afterAll(() => server?.stop())

/** Persons as deriving would have stored them: every fourth is a contact, every second has an open cart. */
const columns = {
  person_id: `replace(case when i % 4 = 0 then '${contactPerson('crm-N')}' else '${visitorPerson('visitor-N', 1)}' end,
    'N', cast(i as text))`,
  contact_id: "case when i % 4 = 0 then 'crm-' || i end",
  ...{ first_seen: now - HOUR, last_seen: now, visitors: 1, evidence: "'[]'", identity: 1, marketing: 1, minor: 0 },
  ...{ marketing_since: now - HOUR, purchases: 0, bucket: 'i % 64' },
  cart_visitor_id: "case when i % 2 = 0 then 'visitor-' || i end",
  cart_id: "case when i % 2 = 0 then 'cart' end",
  cart_updated_at: `case when i % 2 = 0 then ${now} - i end`,
  cart_idle_at: `case when i % 2 = 0 then ${now + HOUR} end`,
}
const FILL = `insert into persons (${Object.keys(columns)})
  with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < ${PERSONS})
  select ${Object.values(columns)} from n`

type Judging = { done: number; total: number } | null
const judgingOf = async (id: string): Promise<Judging> => {
  const { data } = await server.get<{ data: { id: string; judging: Judging }[] }>('/api/v1/segments')
  return data.find((segment) => segment.id === id)!.judging
}
const countMembers = async (id: string, more = '') => {
  const sql = `select count(*) as members from segment_members where segment_id = ? ${more}`
  return (await server.query<{ members: number }>(sql, id))[0]!.members
}
const put = (id: string, node: unknown) =>
  server.api(`/api/v1/segments/${id}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: id, node }),
  })

test('20,000 persons are judged in steps while new visitors are derived', async () => {
  const made = await server.post('/api/v1/segments', { id: 'carts', name: 'Carts', node: { cart: {} } })
  expect(made.judging).toEqual({ done: 0, total: PERSONS })
  // A visitor that arrives meanwhile is derived before every person has been judged.
  let visits = 0
  let derivedMeanwhile = 0
  while ((await judgingOf('carts')) !== null) {
    const visitor = `visitor-coming-${++visits}-aaaaaaaa`
    await sendAll(server, visitor, [event('page')])
    await until(
      async () => (await server.query('select 1 as there from visitors where visitor_id = ?', visitor)).length > 0,
      'the visitor to be derived',
    )
    if ((await judgingOf('carts')) !== null) derivedMeanwhile++
  }
  expect(derivedMeanwhile).toBeGreaterThan(0)
  expect(await countMembers('carts')).toBe(PERSONS / 2)
  expect(await countMembers('carts', "and reason = 'definition'")).toBe(PERSONS / 2)
})

test('a killed server resumes judging where it stopped, and a change meanwhile starts it over', async () => {
  await put('carts', { all: [{ cart: {} }, { matched: false }, { consent: { marketing: true } }] })
  await until(async () => ((await judgingOf('carts'))?.done ?? 0) > 1000, 'some to be judged')
  const before = (await judgingOf('carts'))!
  expect(before.done).toBeLessThan(PERSONS)
  await server.kill()
  server = await startServer({ dataDir: server.dataDir, port: server.port })
  const { done } = (await judgingOf('carts')) ?? { done: PERSONS }
  expect(done).toBeGreaterThanOrEqual(before.done)

  await put('carts', { cart: { state: 'abandoned' } })
  await until(async () => (await judgingOf('carts')) === null, 'all to be judged')
  expect(await countMembers('carts')).toBe(0)
  expect((await server.get('/api/v1/segments/carts/versions')).data).toHaveLength(3)
})
