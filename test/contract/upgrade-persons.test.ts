/**
 * The upgrade of an installation whose persons have the texts of an earlier version: it is rebuilt while the server
 * runs and reports its progress. Meanwhile lists show each person once, no membership starts over, no old text remains,
 * and the feed publishes nothing.
 */
import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { contactId, contactPerson, visitorId, visitorPerson } from '../../server/domain/ids.ts'
import { MIGRATIONS } from '../../server/store/migrate.ts'
import { openCommandStore } from '../../server/store/open.ts'
import { bucketOf } from '../../server/store/work/buckets.ts'
import { type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { openStore, type TestStore } from '../support/store.ts'

const MINUTE = 60_000
/** More than one slice of a rebuild. */
const VISITORS = 1200
const AT_ONCE = 40

/** Every table and column that contains the text of a person. */
const COLUMNS = [
  ...['segment_members', 'persons', 'visitor_persons', 'carts', 'purchases', 'epochs', 'events'].map(
    (table) => [table, 'person_id'] as const,
  ),
  ['dirty_persons', 'key'] as const,
]

type Member = { person: { kind: string; id: string; epoch?: number }; entered_at: string }

const nameOf = ({ person }: Member) => [person.kind, person.id, person.epoch].join(' ')
const added = (agoMs: number) =>
  event('add_to_cart', agoMs, { currency: 'EUR', items: [{ item_id: 'ring', price: 120, quantity: 1 }] })

/** The members by name with their time of entry. Throws if a person is listed twice. */
async function members(server: TestServer): Promise<Map<string, string>> {
  const entered = new Map<string, string>()
  for (let after = ''; ; ) {
    const page = await server.get(`/api/v1/segments/cart_abandoned/members?limit=500${after && `&after=${after}`}`)
    for (const member of page.data as Member[]) {
      if (entered.has(nameOf(member))) throw new Error(`${nameOf(member)} is listed twice`)
      entered.set(nameOf(member), member.entered_at)
    }
    if (!page.has_more) return entered
    after = page.next
  }
}

/** A shop: many visitors with a cart, one with two epochs, ids with colons, and a contact published in the feed. */
async function fill(server: TestServer, key: string): Promise<void> {
  const put = (visitor: string, ...events: ReturnType<typeof event>[]) =>
    sendAll(server, visitor, events, {}, { authorization: `Bearer ${key}` })
  for (let i = 0; i < VISITORS; i += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => put(`plain-${i + n}`, added(5 * MINUTE))))
  }
  await put('web', event('page', 40 * MINUTE), event('reset', 30 * MINUTE), added(20 * MINUTE))
  await put('web:2', added(10 * MINUTE))
  await put('s:sdk', added(10 * MINUTE))
  await put('bought', event('purchase', 10 * MINUTE, { transaction_id: 'o-1', currency: 'EUR', value: 5 }))
  await server.post('/api/v1/contacts', [{ id: 'anna', email: 'anna@mail.example', mail_consent: true }])
  const { identity_secret } = await server.cli<SiteView>('sites', 'show', 'demo')
  const login = event('identify', 0, { kind: 'login', token: await signLogin(identity_secret, 'anna') })
  await put('annas', added(60 * MINUTE), login)
  await settled(server)
}

/** Reverts a store to the earlier version: with its texts and without the rows it did not have. */
async function turnBack(store: TestStore): Promise<void> {
  const former = (column: string) =>
    `case when ${column} like 'v:%#1' then substr(${column}, 1, length(${column}) - 2) else replace(${column}, '#', ':') end`
  // It had no person for a visitor whose id contains a colon.
  for (const visitor of ['web:2', 's:sdk']) {
    for (const table of ['segment_members', 'persons']) {
      await store.change(`delete from ${table} where person_id = ?`, visitorPerson(visitorId(visitor), 1))
    }
  }
  for (const [table, column] of COLUMNS) {
    await store.change(`update ${table} set ${column} = ${former(column)} where ${column} like 'v:%'`)
  }
  const { key, bucket, generation } = { key: 'v:plain-7', bucket: bucketOf('v:plain-7'), generation: 1 }
  await store.change('insert into dirty_persons (key, bucket, generation) values (?, ?, ?)', key, bucket, generation)
}

const formerTexts = async (server: TestServer) => {
  const found: string[] = []
  for (const [table, column] of COLUMNS) {
    const rows = await server.query<{ text: string }>(
      `select distinct ${column} as text from ${table} where ${column} like 'v:%' and ${column} not like '%#%'`,
    )
    found.push(...rows.map(({ text }) => `${table} ${text}`))
  }
  return found
}

test('an installation of an earlier version is rebuilt while the server runs, and the feed publishes nothing', async () => {
  let server = await startServer()
  const { dataDir } = server
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
  await fill(server, key)
  const before = await members(server)
  expect(before.size).toBe(VISITORS + 4)
  const { data: told, next } = await server.get('/api/v1/matches')
  expect(told).toMatchObject([{ contact: { id: 'anna' } }])
  const changes = 'select count(*) as n from match_changes'
  const [toldBefore] = await server.query(changes)
  const { databaseUrl } = server
  await server.stop({ wipe: false })
  const store = await openStore(dataDir)
  await turnBack(store)
  await store.close({ wipe: false })
  const db = openCommandStore({ dataDir, databaseUrl })
  await MIGRATIONS['009-person-texts']!.up(db)
  await db.destroy()

  // Only its log is read here; the next server's other output is asserted below.
  server = await startServer({ dataDir, env: { LOG_LEVEL: 'info' } })
  const plain = [...before].filter(([name]) => !name.includes('web') && !name.includes(':'))
  await sendAll(server, 'late', [added(2 * MINUTE)], {}, { authorization: `Bearer ${key}` })
  for (let looks = 0; looks < 5; looks++) {
    const now = await members(server)
    for (const [name, enteredAt] of plain) expect([name, now.get(name)]).toEqual([name, enteredAt])
    // Until it is rebuilt it has the name that the earlier version gave it.
    expect(now.get('visitor web 2') ?? now.get('visitor web:2 1')).toBe(before.get('visitor web 2'))
  }
  await until(
    () => /"done":\d+,"total":12\d\d,"msg":"visitors are being derived again/.test(server.output().stderr),
    'progress',
  )
  await server.kill()
  server = await startServer({ dataDir })
  try {
    await settled(server)
    expect(await members(server)).toEqual(
      new Map([...before, ['visitor late 1', (await members(server)).get('visitor late 1')!]]),
    )
    expect(await formerTexts(server)).toEqual([])
    expect(await server.query(changes)).toEqual([toldBefore])
    expect((await server.get(`/api/v1/matches?after=${next}`)).data).toEqual([])
    const owners = await server.query<{ person_id: string }>(
      "select distinct person_id from events where visitor_id in ('web', 'web:2', 'annas') order by person_id",
    )
    expect(owners.map((row) => row.person_id).sort()).toEqual(
      [
        contactPerson(contactId('anna')),
        visitorPerson(visitorId('web'), 1),
        visitorPerson(visitorId('web'), 2),
        visitorPerson(visitorId('web:2'), 1),
      ].sort(),
    )
  } finally {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}, 120_000)
