/**
 * The machine's clock is set back and ahead while the server runs. Everything accepted before, between and after is
 * stored once and derived at once, no sender is refused because of it, nothing leaves the journal early, and
 * memberships made or ended by a wrong clock are corrected as soon as the clock is.
 */
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLedger, exactly, sendLoad, tally, tallyText } from '../support/ledger.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const options = { movable: true, env: { TRUST_PROXY: '1', JOURNAL_MAX_AGE_HOURS: '1' } }
let server: TestServer
const setClock = (offsetMs: number) => server.setClock(offsetMs)

beforeAll(async () => {
  server = await startServer(options)
})
afterAll(() => server?.stop())

const members = async (): Promise<string[]> =>
  (await server.get('/api/v1/segments/cart_abandoned/members')).data.map(
    (each: { person: { id: string } }) => each.person.id,
  )

const left = { currency: 'EUR', items: [{ item_id: 'ring', price: 120 }] }

test('events accepted before, during and after clock jumps are stored once and derived at once', async () => {
  const ledger = createLedger()
  const visitor = 'jumps-aaaaaaaaaaaaaaaa'
  const seen: number[] = []
  for (const offset of [0, -HOUR, 3 * HOUR, -26 * HOUR, 48 * HOUR, 0]) {
    await setClock(offset)
    const begun = performance.now()
    await sendLoad(server, ledger, { senders: 8, until: () => performance.now() - begun > 200 })
    // The same visitor at each clock: deriving must not wait until a clock that was set back has caught up.
    await sendAll(server, visitor, [event('page')])
    await settled(server)
    const store = new BetterSqlite3(`${server.dataDir}/couture.db`, { readonly: true })
    seen.push(store.prepare('select events from visitors where visitor_id = ?').pluck().get(visitor) as number)
    store.close()
  }
  const result = tally(server.dataDir, ledger)
  console.log(tallyText('five jumps of the clock', ledger, result))
  expect(result).toEqual(exactly(result))
  expect(ledger.waits).toBe(0)
  expect(seen).toEqual([1, 2, 3, 4, 5, 6])
  // Everything is kept for a restore: nothing is really a day old, whatever the clock showed.
  const journal = new BetterSqlite3(`${server.dataDir}/journal.db`, { readonly: true })
  expect(journal.prepare('select min(id) from entries').pluck().get()).toBe(1)
  journal.close()
})

test('setting the clock back throttles no address', async () => {
  const from = { 'x-forwarded-for': '198.51.100.7' }
  await setClock(0)
  await sendAll(server, 'limited-aaaaaaaaaaaaaa', [event('page')], {}, from)
  await setClock(-HOUR)
  await sendAll(server, 'limited-aaaaaaaaaaaaaa', [event('page')], {}, from)
  await setClock(0)
  await sendAll(server, 'limited-aaaaaaaaaaaaaa', [event('page')], {}, from)
})

test('a membership made by a clock that is ahead ends once the clock is right, and starts again in its time', async () => {
  const [fresh, old] = ['fresh-aaaaaaaaaaaaaaaa', 'older-aaaaaaaaaaaaaaaa']
  await sendAll(server, fresh, [event('add_to_cart', 0, left)])
  await sendAll(server, old, [event('add_to_cart', 10 * MINUTE, left)])
  await settled(server)
  expect(await members()).toEqual([old])
  await setClock(HOUR)
  await until(async () => (await members()).length === 2, 'the cart to be abandoned by the clock that is ahead')
  await setClock(0)
  await until(async () => (await members()).length === 1, 'the corrected clock to end the membership')
  expect(await members()).toEqual([old])
  await setClock(2 * MINUTE)
  await until(async () => (await members()).length === 2, 'the membership to start in its time')
  await setClock(0)
})

test('a membership ended by a clock that is ahead is restored once the clock is right', async () => {
  expect(await members()).toContain('older-aaaaaaaaaaaaaaaa')
  await setClock(8 * 24 * HOUR)
  await until(async () => (await members()).length === 0, 'the clock that is ahead to end all memberships')
  await setClock(0)
  await until(async () => (await members()).includes('older-aaaaaaaaaaaaaaaa'), 'the membership to be restored')
})

test('a start after the clock was corrected while the server was down judges again', async () => {
  const { dataDir, port } = server
  await sendAll(server, 'later-aaaaaaaaaaaaaaaa', [event('add_to_cart', 0, left)])
  await setClock(HOUR)
  await until(
    async () => (await members()).includes('later-aaaaaaaaaaaaaaaa'),
    'the clock that is ahead to start the membership',
  )
  await server.stop({ wipe: false })
  server = await startServer({ ...options, dataDir, port })
  await until(async () => !(await members()).includes('later-aaaaaaaaaaaaaaaa'), 'the membership to end')
})

test('the feed contains each change once, in order', async () => {
  await server.post('/api/v1/contacts', [{ id: 'crm-clock', email: 'clock@example.com', mail_consent: true }])
  const { data } = await server.post('/api/v1/link-tokens', {
    site: 'demo',
    contacts: ['crm-clock'],
    message: 'letter',
  })
  const visitor = 'matched-aaaaaaaaaaaaaa'
  for (const offset of [0, -HOUR, HOUR, 0]) {
    await setClock(offset)
    const link = event('identify', 0, { kind: 'link', link: data[0].token })
    await sendAll(server, visitor, [offset === 0 ? link : event('page'), event('add_to_cart', 0, left)])
    await settled(server)
  }
  const store = new BetterSqlite3(`${server.dataDir}/couture.db`, { readonly: true })
  const seqs = store.prepare('select seq from match_changes order by seq').pluck().all() as number[]
  store.close()
  expect(seqs.length).toBeGreaterThan(1)
  expect(seqs).toEqual(seqs.map((_, i) => i + 1))
  const feed = await server.get('/api/v1/matches')
  expect(feed.data.map((match: { contact: { id: string } }) => match.contact.id)).toEqual(['crm-clock'])
  expect((await server.get(`/api/v1/matches?after=${feed.next}`)).data).toEqual([])
})
