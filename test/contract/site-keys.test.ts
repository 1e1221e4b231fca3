/**
 * A new site, or a new link secret, beside many contacts: the command returns at once, and the server makes the keys by
 * which the link tokens name the contacts, over restarts. Clicks that arrive before count as soon as the key is there.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { amount } from '../support/long.ts'
import { newVisitor, type SiteView } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { openStore } from '../support/store.ts'

const CONTACTS = amount(8_000, 20_000)
const HALF = CONTACTS / 2
const idOf = (n: number) => `c-${String(n).padStart(5, '0')}`
const MINUTE = 60_000

let server: TestServer

beforeAll(async () => {
  server = await startServer()
  for (const from of [0, HALF]) {
    await server.post(
      '/api/v1/contacts',
      Array.from({ length: HALF }, (_, n) => ({ id: idOf(from + n), email: `${idOf(from + n)}@mail.example` })),
    )
  }
  await settled(server)
})
afterAll(() => server?.stop())

/** How many keys the contacts hold; those of the demo's customers are not counted. */
const countKeys = async (store: Pick<TestServer, 'query'> = server) => {
  const [row] = await store.query<{ n: number }>("select count(*) as n from contact_keys where contact_id like 'c-%'")
  return row!.n
}
const wanted = (store: Pick<TestServer, 'query'> = server) =>
  store.query<{ name: string; value: string }>("select name, value from meta where name like 'wanted_keys %'")
const complete = () => until(async () => (await wanted()).length === 0, 'all keys to be made')

/** Sets how far the work for a site is, as if a server had stopped there. */
const setPosition = (store: Pick<TestServer, 'change'>, site: string, after: string, contacts: number) =>
  store.change(
    'insert into meta (name, value) values (?, ?) on conflict (name) do update set value = excluded.value',
    `wanted_keys ${site}`,
    JSON.stringify({ after, contacts }),
  )

const newSite = (id: string) => server.cli<SiteView>('sites', 'create', '--id', id, '--origin', `https://${id}.example`)
const mint = async (site: string, contact: string, message = 'may') => {
  const target = `https://${site}.example/`
  const reply = await server.post('/api/v1/link-tokens', { site, contacts: [contact], message, target })
  return reply.data[0].token as string
}
async function click(site: string, link: string): Promise<string> {
  const visitor = newVisitor()
  await sendAll(server, visitor, [event('page', MINUTE), event('identify', 0, { kind: 'link', link })], { site })
  await settled(server)
  return visitor
}
const linkedTo = async (visitor: string): Promise<string[]> =>
  (await server.get(`/api/v1/visitors/${visitor}`)).links.map((link: { contact: string }) => link.contact)

test('the command writes no keys, and a server goes on where the last one stopped', async () => {
  const keys = await countKeys()
  await server.stop({ wipe: false })
  await newSite('shop')
  const store = await openStore(server.dataDir)
  expect(await countKeys(store)).toBe(keys)
  expect(await wanted(store)).toEqual([{ name: 'wanted_keys shop', value: '{"after":"","contacts":0}' }])
  const findings = await server.cli<{ state: string; what: string }[]>('doctor')
  expect(findings).toContainEqual({
    state: 'note',
    what: expect.stringMatching(
      new RegExp(
        `^the link tokens of shop can name 0 of ${CONTACTS / 100}\\d\\d contacts so far; a running server adds`,
      ),
    ),
  })
  await setPosition(store, 'shop', idOf(HALF - 1), HALF)
  await store.close({ wipe: false })

  server = await startServer({ dataDir: server.dataDir })
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  await complete()
  expect(await countKeys()).toBe(keys + HALF)

  // Their keys were never made, so that the first clicks arrive before them.
  const early = await click('shop', await mint('shop', idOf(1)))
  const other = await click('shop', await mint('shop', idOf(HALF + 1)))
  expect([await linkedTo(early), await linkedTo(other)]).toEqual([[null], [idOf(HALF + 1)]])
  await setPosition(server, 'shop', '', 0)
  await settled(server)
  expect(await countKeys()).toBe(keys + CONTACTS)
  expect([await linkedTo(early), await linkedTo(other)]).toEqual([[idOf(1)], [idOf(HALF + 1)]])
})

test('keys that exist are not written again, and change nobody', async () => {
  const keys = await countKeys()
  const visitor = await click('shop', await mint('shop', idOf(2)))
  const { next } = await server.get('/api/v1/matches?limit=1000')
  await setPosition(server, 'shop', '', 0)
  await settled(server)
  expect(await countKeys()).toBe(keys)
  expect((await server.get(`/api/v1/matches?after=${next}`)).data).toEqual([])
  expect(await linkedTo(visitor)).toEqual([idOf(2)])
})

test('a server that is killed in the middle loses nothing', async () => {
  const keys = await countKeys()
  await newSite('killed')
  await until(async () => {
    const [row] = await wanted()
    return row === undefined || !row.value.startsWith('{"after":""')
  }, 'the work to begin')
  await server.kill()
  server = await startServer({ dataDir: server.dataDir })
  await complete()
  expect(await countKeys()).toBe(keys + CONTACTS)
})

test('contacts that are written meanwhile have their keys at once, and erased ones are not named', async () => {
  await server.stop({ wipe: false })
  await newSite('kept')
  const store = await openStore(server.dataDir)
  // Past all contacts, so that no keys are made until the work starts over.
  await setPosition(store, 'kept', '~', CONTACTS)
  await store.close({ wipe: false })
  server = await startServer({ dataDir: server.dataDir })
  await complete()
  const [changed, erased] = [await mint('kept', idOf(3)), await mint('kept', idOf(4))]
  await server.post('/api/v1/contacts', [{ id: idOf(3), attributes: { city: 'Paris' } }, { id: 'new' }])
  expect((await server.api(`/api/v1/contacts/${idOf(4)}`, { method: 'DELETE' })).ok).toBe(true)
  const visitors = [
    await click('kept', changed),
    await click('kept', await mint('kept', 'new')),
    await click('kept', erased),
  ]
  await setPosition(server, 'kept', '', 0)
  await settled(server)
  expect(await Promise.all(visitors.map(linkedTo))).toEqual([[idOf(3)], ['new'], [expect.stringMatching(/^erased:/)]])
})

test('a new link secret makes the work start over, and a deleted site ends it', async () => {
  const keys = await countKeys()
  const revoked = await server.api('/api/v1/link-tokens?site=kept&key=all', { method: 'DELETE' })
  expect(revoked.status).toBe(200)
  await newSite('gone')
  await server.cli('sites', 'delete', 'gone', '--yes')
  await settled(server)
  await complete()
  const visitor = await click('kept', await mint('kept', idOf(5), 'june'))
  expect(await linkedTo(visitor)).toEqual([idOf(5)])
  expect((await countKeys()) - keys).toBe(CONTACTS - 1)
})
