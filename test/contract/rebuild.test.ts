/**
 * The invariant "Everything derived can be rebuilt identically", on a running server and without any entry in the feed.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { contactPerson, visitorId, visitorPerson } from '../../server/domain/ids.ts'
import { DERIVED_TABLES } from '../../server/store/tables.ts'
import { batch, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { openStore } from '../support/store.ts'

const MINUTE = 60_000
let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.stop())

/** Every derived row as text, in a fixed order. */
async function derived(store: Pick<TestServer, 'query'> = server): Promise<Record<string, string[]>> {
  const rows = await Promise.all(DERIVED_TABLES.map((table) => store.query(`select * from ${table}`)))
  return Object.fromEntries(
    DERIVED_TABLES.map((table, i) => [table, rows[i]!.map((row) => JSON.stringify(row)).sort()]),
  )
}

const CRM_1 = contactPerson('crm-1')
const NOBODY = visitorPerson(visitorId('nobody'), 1)

/** Corrupts derived data: rows are missing, wrong, or belong to visitors and persons that never existed. */
const SPOIL = [
  "delete from visitors where visitor_id like 'visitor-00%'",
  'update persons set visitors = 17, contact_id = null where visitors = 1',
  'delete from carts',
  "update links set state = 'void' where visitor_id like '%1-aaaaaaaaaa'",
  "insert into visitor_days values ('visitor-that-never-was', 1, 0, 0, null)",
  `insert into segment_members values ('cart_abandoned', '${NOBODY}', 1, 'time', 0)`,
  'update segment_members set entered_at = 5',
  'update person_scores set r = null, order_days = 9',
  "delete from visits where visitor_id like 'visitor-00%'",
  'update person_days set count = 9, times = null',
  `insert into visits (person_id, visitor_id, began_at, ended_at, pages, engaged_ms)
   values ('${NOBODY}', 'nobody', 1, 1, 1, 0), ('${CRM_1}', 'nobody', 1, 1, 1, 0)`,
  `insert into person_days (person_id, visitor_id, day, type, n, count, first_at, last_at, site_id)
   values ('${NOBODY}', 'nobody', 1, 'page', 0, 1, 1, 1, 'demo'), ('${CRM_1}', 'nobody', 1, 'page', 0, 1, 1, 1, 'demo')`,
  `update events set person_id = '${NOBODY}'`,
]

test('everything derived can be rebuilt identically, without any entry in the feed', async () => {
  const contacts = Array.from({ length: 30 }, (_, i) => ({
    id: `crm-${i}`,
    email: `c${i}@example.com`,
    mail_consent: true,
  }))
  await server.post('/api/v1/contacts', contacts)
  const links = await server.post('/api/v1/link-tokens', {
    site: 'demo',
    contacts: contacts.map((contact) => contact.id),
    message: 'letter',
  })
  const item = { currency: 'EUR', items: [{ item_id: 'ring', price: 120, quantity: 2 }] }
  for (const [i, { token }] of links.data.entries()) {
    const visitor = `visitor-${String(i).padStart(3, '0')}-aaaaaaaaaa`
    await sendAll(server, visitor, [event('page', 90 * MINUTE), event('add_to_cart', 85 * MINUTE, item)])
    await sendAll(server, visitor, [
      event('page', 2 * MINUTE),
      event('identify', MINUTE, { kind: 'link', link: token }),
    ])
    if (i % 3 === 0) await sendAll(server, visitor, [event('purchase', 0, { ...item, transaction_id: `o-${i}` })])
    if (i % 5 === 0)
      await send(
        server,
        batch([event('consent')], {
          visitor,
          consent: { id: 'no', analytics: true, identity: false, marketing: false, source: 'manual' },
        }),
      )
  }
  await settled(server)
  // The first scores are published a moment after the first orders, and are not a matter of the rebuild.
  await until(async () => {
    const [row] = await server.query<{ value: string }>("select value from meta where name = 'scores'")
    return row && (JSON.parse(row.value) as { judgedVersion: number }).judgedVersion > 0
  }, 'scores to be published')
  await settled(server)
  const before = await derived()
  expect(before.links).toHaveLength(30)
  expect(before.segment_members!.length).toBeGreaterThan(10)
  const { next } = await server.get('/api/v1/matches')

  const owners = 'select id, person_id from events order by id'
  const owned = await server.query(owners)
  for (const how of ['beside a running server', 'alone']) {
    if (how === 'alone') await server.stop({ wipe: false })
    const store = await openStore(server.dataDir)
    for (const statement of SPOIL) await store.change(statement)
    expect(await derived(store)).not.toEqual(before)
    // The command exits when the rebuild is done.
    expect(await server.cli('rebuild'), how).toEqual({ visitors: 31 })
    expect(await derived(store), how).toEqual(before)
    expect(await store.query(owners), how).toEqual(owned)
    await store.close({ wipe: false })
  }
  server = await startServer({ dataDir: server.dataDir })
  await settled(server)
  expect(await derived()).toEqual(before)
  expect((await server.get(`/api/v1/matches?after=${next}`)).data).toEqual([])
})

test('a running rebuild finishes while visitors arrive, and the feed waits for it', async () => {
  const come = new AbortController()
  const coming = (async () => {
    for (let i = 0; !come.signal.aborted; i++)
      await sendAll(server, `visitor-coming-${i % 50}-aaaaaaaa`, [event('page')])
  })()
  expect(await server.cli('rebuild')).toEqual({ visitors: expect.any(Number) })
  come.abort()
  await coming
  await settled(server)
  expect(await server.query("select * from meta where name = 'rebuilding'")).toEqual([])
})
