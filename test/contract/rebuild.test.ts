/** Invariant "Everything derived can be rebuilt, identical", on a running server, and its readers hear nothing of it. */
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DERIVED_TABLES } from '../../server/store/schema.ts'
import { batch, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { rowsOf } from './door.ts'

const MINUTE = 60_000
let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.stop())

/** Every derived row, as text, in an order of its own. */
function derived(): Record<string, string[]> {
  const store = new BetterSqlite3(`${server.dataDir}/couture.db`, { readonly: true })
  try {
    return Object.fromEntries(
      DERIVED_TABLES.map((table) => [
        table,
        store
          .prepare(`select * from ${table}`)
          .all()
          .map((row) => JSON.stringify(row))
          .sort(),
      ]),
    )
  } finally {
    store.close()
  }
}

/** Spoils what is derived: rows are missing, wrong, or of visitors and persons that there never were. */
function spoil(): void {
  const store = new BetterSqlite3(`${server.dataDir}/couture.db`)
  try {
    store.exec(`
      delete from visitors where visitor_id like 'visitor-00%';
      update persons set purchases = 17, contact_id = null where purchases = 0;
      delete from carts;
      update links set state = 'void' where visitor_id like '%1-aaaaaaaaaa';
      insert into visitor_days values ('visitor-that-never-was', 1, 0);
      insert into segment_members values ('cart_abandoned', 'v:nobody', 1);
      update segment_members set entered_at = 5;
      update events set person_id = 'v:nobody';
    `)
  } finally {
    store.close()
  }
}

test('everything derived can be rebuilt, identical, and the feed tells nothing', async () => {
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
  const before = derived()
  expect(before.links).toHaveLength(30)
  expect(before.segment_members!.length).toBeGreaterThan(10)
  const { next } = await server.get('/api/v1/matches')

  const owners = () => rowsOf(server, 'select id, person_id from events order by id')
  const owned = owners()
  for (const how of ['beside a running server', 'alone']) {
    if (how === 'alone') await server.stop({ wipe: false })
    spoil()
    expect(derived()).not.toEqual(before)
    // The command ends when it is done.
    expect(await server.cli('rebuild'), how).toEqual({ visitors: 31 })
    expect(derived(), how).toEqual(before)
    expect(owners(), how).toEqual(owned)
  }
  server = await startServer({ dataDir: server.dataDir })
  await settled(server)
  expect(derived()).toEqual(before)
  expect((await server.get(`/api/v1/matches?after=${next}`)).data).toEqual([])
})

test('a rebuild that is under way ends while visitors come, and the feed waits for it', async () => {
  const come = new AbortController()
  const coming = (async () => {
    for (let i = 0; !come.signal.aborted; i++)
      await sendAll(server, `visitor-coming-${i % 50}-aaaaaaaa`, [event('page')])
  })()
  expect(await server.cli('rebuild')).toEqual({ visitors: expect.any(Number) })
  come.abort()
  await coming
  await settled(server)
  expect(rowsOf(server, "select * from meta where name = 'rebuilding'")).toEqual([])
})
