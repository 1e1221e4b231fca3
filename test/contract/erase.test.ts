/**
 * A contact who asks for it is erased, and stays so: his row, his orders, his visitors and what they left, in the store
 * and in every file. Whoever comes back with his cookie, his mail's link or his record in the CRM's file finds nothing.
 */
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  filesHolding,
  newVisitor,
  problemOf,
  type SiteView,
  signLogin,
  tablesHolding,
  timeline,
} from '../support/requests.ts'
import { batch, consent, event, send, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { ENGINE } from '../support/store.ts'

const MINUTE = 60_000

let server: TestServer
let secret: string

beforeAll(async () => {
  server = await startServer()
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
})
afterAll(() => server.stop())

const erase = (id: string) => server.api(`/api/v1/contacts/${encodeURIComponent(id)}`, { method: 'DELETE' })
const address = (id: string) => `${id}@mail.example`
const record = (id: string, more: object = {}) => ({ id, email: address(id), mail_consent: true, ...more })
const links = async (visitor: string) => (await server.get(`/api/v1/links?visitor=${visitor}`)).data
const login = async (contact: string, agoMs = 0) =>
  event('identify', agoMs, {
    kind: 'login',
    token: await signLogin(secret, contact, { seconds: Math.floor((Date.now() - agoMs) / 1000) }),
  })

/** A contact with an order and a visitor who has signed in; returns the visitor and its cookie. */
async function known(contact: string) {
  const visitor = newVisitor()
  await server.post('/api/v1/contacts', [record(contact, { phone: `phone-${contact}`, attributes: { shoe: contact } })])
  const order = {
    order_id: `till-${contact}`,
    contact_id: contact,
    at: '2026-03-02T16:00:00Z',
    total: 5,
    currency: 'EUR',
  }
  await server.post('/api/v1/orders', [order])
  const events = [
    event('page', MINUTE, undefined, { url: `https://shop.example/of-${contact}` }),
    event('add_to_cart', 1000, { currency: 'EUR', items: [{ item_id: `ring-${contact}`, price: 5 }] }),
    await login(contact),
  ]
  const response = await send(server, batch(events, { candidate: visitor }))
  await settled(server)
  return { visitor, cookie: response.headers.get('set-cookie')!.split(';')[0]! }
}

/** The feed's words on a contact, in order. */
async function words(contact: string): Promise<string[]> {
  const said: string[] = []
  for (let after = ''; ; ) {
    const page = await server.get(`/api/v1/matches?limit=1${after}`)
    said.push(...page.data.filter((m: any) => m.contact.id === contact).map((m: any) => m.change))
    if (!page.has_more) return said
    after = `&after=${page.next}`
  }
}

test('an erased contact is gone from every table but the feed’s word, and from the files', async () => {
  const contact = 'leaves-for-good'
  const { visitor } = await known(contact)
  expect(await tablesHolding(server, contact)).toContain('contacts')
  expect(await words(contact)).toEqual(['matched'])
  const reply = await erase(contact)
  expect([reply.status, await reply.json()]).toEqual([
    200,
    { id: contact, erased: true, visitors: 1, shared_visitors: 0, orders: 1 },
  ])
  await settled(server)
  expect((await server.api(`/api/v1/contacts/${contact}`)).status).toBe(404)
  expect((await server.api(`/api/v1/visitors/${visitor}/timeline`)).status).toBe(404)
  expect(await words(contact)).toEqual(['erased'])
  expect((await tablesHolding(server, contact)).sort()).toEqual(['farewells', 'match_changes'])
  for (const trace of [visitor, address(contact), sha256(address(contact)), `phone-${contact}`, `ring-${contact}`]) {
    expect(await tablesHolding(server, trace)).toEqual([])
  }
})

test('then no file of the data folder holds him, the journal neither', async () => {
  const contact = 'is-in-no-file'
  const { visitor } = await known(contact)
  const other = newVisitor()
  await sendAll(server, other, [event('page')])
  await settled(server)
  expect((await filesHolding(server, visitor)).join(' ')).toContain('journal.db')
  await erase(contact)
  await forgotten()
  for (const trace of [visitor, address(contact), sha256(address(contact)), `phone-${contact}`, `ring-${contact}`]) {
    await until(async () => (await filesHolding(server, trace)).length === 0, `${trace} to be in no file`)
  }
  expect((await filesHolding(server, other)).join(' ')).toContain('journal.db')
  // The feed's word is the one place that holds his id, for 30 days.
  const inStore = server.databaseUrl === null ? ['couture.db'] : ['farewells', 'match_changes']
  await until(async () => String((await filesHolding(server, contact)).sort()) === String(inStore), 'his id to go')
  expect(await server.query('select * from forgotten')).toHaveLength(
    (await server.query('select * from erasures')).length,
  )
})

/** Waits until the journal has worked off all that was erased. */
async function forgotten() {
  await settled(server)
  const left = 'select id from erasures where id not in (select erasure_id from forgotten)'
  await until(async () => (await server.query(left)).length === 0, 'the journal to forget')
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

test('what he sends after it leaves the journal as soon as it is landed', async () => {
  const contact = 'comes-to-the-journal'
  const { visitor, cookie } = await known(contact)
  await erase(contact)
  await forgotten()
  await until(async () => (await filesHolding(server, visitor)).length === 0, 'him to be in no file')
  const other = newVisitor()
  const own = event('page')
  const no = { id: 'choice-9', analytics: false, identity: false, marketing: false }
  await Promise.all([
    send(server, batch([event('page'), await login(contact)]), { cookie }),
    sendAll(server, other, [own]),
    send(server, batch([event('page')]), { cookie }),
    // His withdrawal is kept as a proof, under a keyed hash.
    send(server, batch([event('consent')], { consent: consent(no) }), { cookie }),
  ])
  await settled(server)
  expect((await timeline(server, other)).map((each) => each.id)).toEqual([own.id])
  await until(async () => (await filesHolding(server, visitor)).length === 0, 'him to be in no file again')
  expect((await filesHolding(server, own.id)).join(' ')).toContain('journal.db')
  expect(await server.query('select * from withdrawals where consent_id = ?', 'choice-9')).toHaveLength(1)
})

test('what a visitor sends after he has withdrawn leaves the journal too', async () => {
  const visitor = newVisitor()
  await sendAll(server, visitor, [event('page')])
  const no = consent({ id: 'choice-2', analytics: false, identity: false, marketing: false })
  await send(server, batch([event('consent')], { visitor, consent: no }))
  await settled(server)
  const late = event('page')
  await sendAll(server, visitor, [late])
  await settled(server)
  await until(async () => (await filesHolding(server, late.id)).length === 0, 'it to be in no file')
})

test('the audit says that somebody was erased, and not who', async () => {
  await known('is-audited')
  await erase('is-audited')
  const rows = await server.query<{ detail: string }>("select * from audit where action = 'contacts.erase'")
  expect(JSON.parse(rows.at(-1)!.detail)).toEqual({
    contact: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
    visitors: 1,
    shared: 0,
    orders: 1,
  })
  await settled(server)
})

test('an unknown contact, and one who is erased, are not there to be erased', async () => {
  await known('is-erased-twice')
  expect((await erase('is-erased-twice')).status).toBe(200)
  for (const id of ['is-erased-twice', 'never-was']) {
    expect(await problemOf(await erase(id))).toMatchObject({ status: 404, code: 'unknown_contact' })
  }
  await settled(server)
})

test('the old cookie and the old mail’s link come back, and nothing is made again', async () => {
  const contact = 'comes-back'
  await server.post('/api/v1/contacts', [record(contact)])
  const minted = await server.post('/api/v1/link-tokens', { site: 'demo', contacts: [contact], message: 'march' })
  const link = minted.data[0].token as string
  const { visitor, cookie } = await known(contact)
  await erase(contact)
  await settled(server)
  await send(server, batch([event('page'), await login(contact)]), { cookie })
  const stranger = newVisitor()
  await sendAll(server, stranger, [event('identify', 0, { kind: 'link', link }), await login(contact)])
  await settled(server)
  expect(await tablesHolding(server, visitor)).toEqual([])
  expect((await links(stranger)).map((each: any) => [each.state, each.reason])).toEqual([
    ['refused', 'erased'],
    ['refused', 'erased'],
  ])
  expect((await tablesHolding(server, contact)).sort()).toEqual(['farewells', 'match_changes'])
  expect(await words(contact)).toEqual(['erased'])
})

test.each<[string, 'refused' | 'taken', (id: string) => object]>([
  ['his record again', 'refused', (id) => record(id)],
  [
    'his record of tomorrow',
    'refused',
    (id) => record(id, { updated_at: new Date(Date.now() + 86_400_000).toISOString() }),
  ],
  ['his id without the address', 'refused', (id) => ({ id })],
  ['his address for want of an id', 'refused', (id) => ({ id: address(id), email: address(id) })],
  [
    'an older record of his address',
    'refused',
    (id) => record(id, { id: `${id}-2`, updated_at: '2026-01-01T00:00:00Z' }),
  ],
  ['a newer record of his address under a new id', 'taken', (id) => record(id, { id: `${id}-anew` })],
])('after the erasure %s is %s', async (what, outcome, row) => {
  const id = `imported-${what.replace(/\W+/g, '-')}`
  const { visitor } = await known(id)
  await erase(id)
  const result = await server.post('/api/v1/contacts', [row(id)])
  await settled(server)
  const taken = outcome === 'taken'
  expect(result).toMatchObject({ created: taken ? 1 : 0, updated: 0, unchanged: 0 })
  expect(result.rejected.map((each: any) => [each.row, each.code])).toEqual(taken ? [] : [[1, 'erased']])
  expect(await tablesHolding(server, visitor)).toEqual([])
  if (!taken) return
  // Who has the address now is found by it, and nothing of before is his.
  const next = newVisitor()
  await sendAll(server, next, [event('identify', 0, { kind: 'login', email: address(id) })])
  await settled(server)
  expect(await links(next)).toEqual([expect.objectContaining({ contact: `${id}-anew`, state: 'open' })])
  expect((await server.get(`/api/v1/contacts/${id}-anew/timeline`)).data).toEqual([])
})

test('orders that name him are refused', async () => {
  await known('has-orders')
  await erase('has-orders')
  const order = { at: '2026-03-02T16:00:00Z', total: 5, currency: 'EUR' }
  const { created, rejected } = await server.post('/api/v1/orders', [
    { ...order, order_id: 'later-1', contact_id: 'has-orders' },
    { ...order, order_id: 'later-2', email: address('has-orders') },
  ])
  expect([created, rejected.map((each: any) => each.code)]).toEqual([0, ['unknown_contact', 'unknown_contact']])
  await settled(server)
})

test('on a device that two used, only his stretch goes, and the other gets nothing of it', async () => {
  await server.post('/api/v1/contacts', [record('stays-here'), record('goes-from-here')])
  const visitor = newVisitor()
  const before = event('page', 300 * MINUTE)
  const his = [
    event('page', 200 * MINUTE),
    await login('goes-from-here', 199 * MINUTE),
    event('view_cart', 198 * MINUTE),
  ]
  const hers = [await login('stays-here', 100 * MINUTE), event('page', 99 * MINUTE)]
  await sendAll(server, visitor, [before])
  await sendAll(server, visitor, his)
  await sendAll(server, visitor, hers)
  await settled(server)
  const ids = async (path: string) => (await server.get(`/api/v1/${path}/timeline`)).data.map((each: any) => each.id)
  expect(await ids('contacts/goes-from-here')).toEqual(his.map((each) => each.id))
  const reply = await (await erase('goes-from-here')).json()
  expect(reply).toMatchObject({ visitors: 0, shared_visitors: 1 })
  await settled(server)
  expect(await ids(`visitors/${visitor}`)).toEqual([before, ...hers].map((each) => each.id))
  expect(await ids('contacts/stays-here')).toEqual(hers.map((each) => each.id))
  expect((await timeline(server, visitor))[0]!.link).toBeNull()
  await forgotten()
  for (const { id } of his) {
    await until(async () => (await filesHolding(server, id)).length === 0, 'his events to be in no file')
  }
  expect((await tablesHolding(server, 'goes-from-here')).sort()).toEqual(['farewells', 'match_changes'])
})

test('on such a device what could not be landed goes too, as far as it is his or does not tell whose', async () => {
  await server.post('/api/v1/contacts', [record('stays-in-letters'), record('goes-in-letters')])
  const visitor = newVisitor()
  const his = [await login('goes-in-letters', 199 * MINUTE), event('page', 190 * MINUTE)]
  await sendAll(server, visitor, his)
  await sendAll(server, visitor, [await login('stays-in-letters', 100 * MINUTE)])
  await settled(server)
  const now = Date.now()
  const letter = (entry: number, events: unknown) =>
    server.change(
      'insert into dead_letters (journal_id, entry_id, part, error, body, at, visitor_id, attempts) values (?, ?, 0, ?, ?, ?, ?, 1)',
      ...['a-journal', entry, 'an error', JSON.stringify({ visitor, events }), now, visitor],
    )
  const at = (agoMs: number) => now - agoMs
  await letter(1, [{ id: 'letter-his', at: at(195 * MINUTE) }])
  await letter(2, [
    { id: 'letter-his-too', at: at(195 * MINUTE) },
    { id: 'letter-hers', at: at(99 * MINUTE) },
  ])
  await letter(3, [{ id: 'letter-hers-alone', at: at(99 * MINUTE) }])
  await letter(4, 'letter-of-whom')
  await erase('goes-in-letters')
  await settled(server)
  const letters = await server.query(
    'select entry_id, body from dead_letters where visitor_id = ? order by entry_id',
    visitor,
  )
  expect(letters.map(({ entry_id, body }) => [Number(entry_id), /letter-[a-z-]+/g.exec(String(body))![0]])).toEqual([
    [2, 'letter-hers'],
    [3, 'letter-hers-alone'],
  ])
  await server.change('delete from dead_letters where visitor_id = ?', visitor)
})

test('what arrives of his after it on such a device is never the other’s, whoever signs in next', async () => {
  await server.post('/api/v1/contacts', [record('stays-late'), record('goes-late')])
  const visitor = newVisitor()
  const hers = [await login('stays-late', 300 * MINUTE), event('page', 299 * MINUTE)]
  await sendAll(server, visitor, hers)
  await sendAll(server, visitor, [event('page', 200 * MINUTE), await login('goes-late', 199 * MINUTE)])
  hers.push(await login('stays-late', 100 * MINUTE), event('page', 99 * MINUTE))
  await sendAll(server, visitor, hers.slice(2))
  await sendAll(server, visitor, [await login('goes-late', 20 * MINUTE), event('view_cart', 19 * MINUTE)])
  await settled(server)
  await erase('goes-late')
  // Within his stretch, in the session after it, and after its last event.
  const late = [event('page', 199.5 * MINUTE), event('page', 197 * MINUTE), event('page', 18 * MINUTE)]
  await sendAll(server, visitor, late)
  hers.push(await login('stays-late', 10 * MINUTE), event('page', 9 * MINUTE))
  await sendAll(server, visitor, hers.slice(4))
  await settled(server)
  const { data } = await server.get('/api/v1/contacts/stays-late/timeline')
  expect(data.map((each: any) => each.id)).toEqual(hers.map((each) => each.id))
  expect(await left(visitor)).toEqual(hers.map(({ id }) => id))
  expect(await tablesHolding(server, 'goes-late')).not.toContain('contacts')
})

/** A device on which one contact was, then another, up to `lastAgoMs` before now; returns the visitor. */
async function sharedDevice(first: string, second: string, lastAgoMs: number): Promise<string> {
  await server.post('/api/v1/contacts', [record(first), record(second)])
  const visitor = newVisitor()
  await sendAll(server, visitor, [await login(first, 300 * MINUTE), event('page', 299 * MINUTE)])
  const start = lastAgoMs + 2 * MINUTE
  await sendAll(server, visitor, [await login(second, start), event('view_cart', lastAgoMs)])
  await settled(server)
  return visitor
}
const left = async (visitor: string) => (await timeline(server, visitor)).map(({ id }) => id)

test('what he did before it on such a device and lands after it is in no file, in whatever order it comes', async () => {
  const visitor = await sharedDevice('stays-first', 'goes-second', 198 * MINUTE)
  const known = await left(visitor)
  await erase('goes-second')
  await settled(server)
  // The second follows his last event only when the first is there; the last comes after a pause.
  const [near, far, paused] = [event('page', 180 * MINUTE), event('page', 160 * MINUTE), event('page', 100 * MINUTE)]
  const inside = [event('page', 199 * MINUTE), await login('goes-second', 198.5 * MINUTE)]
  await sendAll(server, visitor, [far, paused, ...inside])
  await settled(server)
  expect(await left(visitor)).toEqual([...known.slice(0, 2), far.id, paused.id])
  await sendAll(server, visitor, [near])
  const gone = [...inside, near, far]
  for (const { id } of gone) await until(async () => (await filesHolding(server, id)).length === 0, `${id} to be gone`)
  expect((await filesHolding(server, paused.id)).join(' ')).toContain('journal.db')
  await settled(server)
  expect(await left(visitor)).toEqual([...known.slice(0, 2), paused.id])
  // Sent again it is not there either, and a rebuild changes nothing.
  await sendAll(server, visitor, gone)
  await settled(server)
  await server.cli('rebuild')
  await settled(server)
  expect(await left(visitor)).toEqual([...known.slice(0, 2), paused.id])
  expect((await timeline(server, visitor)).at(-1)!.link).toBeNull()
})

test('what is done on such a device after it stays, as nobody’s', async () => {
  const visitor = await sharedDevice('stays-on-it', 'goes-at-once', 5 * MINUTE)
  await erase('goes-at-once')
  const [before, after] = [event('page', 4 * MINUTE), event('page')]
  await sendAll(server, visitor, [after, before])
  await settled(server)
  expect((await left(visitor)).slice(2)).toEqual([after.id])
  expect((await timeline(server, visitor)).at(-1)!.link).toBeNull()
})

test('a claim of somebody else ends what is his, though it lands late', async () => {
  const visitor = await sharedDevice('claims-late', 'goes-before', 198 * MINUTE)
  await erase('goes-before')
  const hers = [await login('claims-late', 190 * MINUTE), event('page', 189 * MINUTE)]
  await sendAll(server, visitor, hers)
  await settled(server)
  expect((await left(visitor)).slice(2)).toEqual(hers.map(({ id }) => id))
})

test('what was another’s in his stretch stays', async () => {
  await server.post('/api/v1/contacts', [record('has-the-device'), record('has-the-cart')])
  const visitor = newVisitor()
  const cart = event('add_to_cart', 20 * MINUTE, { currency: 'EUR', items: [{ item_id: 'gift', price: 5 }] })
  await sendAll(server, visitor, [
    await login('has-the-device', 21 * MINUTE),
    cart,
    event('identify', 19 * MINUTE, { kind: 'form', email_sha256: sha256(address('has-the-cart')) }),
    event('page', 18 * MINUTE),
  ])
  await settled(server)
  expect((await server.get('/api/v1/contacts/has-the-cart/timeline?strength=all')).data).toHaveLength(1)
  expect(await (await erase('has-the-device')).json()).toMatchObject({ visitors: 0, shared_visitors: 1 })
  await settled(server)
  expect(await left(visitor)).toEqual([cart.id])
})

test('a record that was merged into his goes with him', async () => {
  await server.post('/api/v1/contacts', [record('survivor'), record('merged-record', { merged_into: 'survivor' })])
  expect((await erase('survivor')).status).toBe(200)
  expect((await erase('merged-record')).status).toBe(404)
  await settled(server)
  for (const id of ['survivor', 'merged-record']) expect(await tablesHolding(server, id)).toEqual([])
})

test('whoever else has his address has it alone, and is found by it', async () => {
  const email = 'couple@mail.example'
  await server.post('/api/v1/contacts', [
    { id: 'one-of-two', email },
    { id: 'other-of-two', email },
  ])
  const visitor = newVisitor()
  await sendAll(server, visitor, [event('identify', 0, { kind: 'login', email })])
  await settled(server)
  expect((await links(visitor))[0]).toMatchObject({ state: 'refused', reason: 'ambiguous_identifier' })
  await erase('one-of-two')
  await settled(server)
  expect((await links(visitor))[0]).toMatchObject({ state: 'open', contact: 'other-of-two' })
})

test('a rebuild ends the same', async () => {
  const { visitor } = await known('is-rebuilt')
  await erase('is-rebuilt')
  await settled(server)
  const derived = () => server.query('select * from links order by visitor_id, id')
  const before = await derived()
  await server.cli('rebuild')
  await settled(server)
  expect(await derived()).toEqual(before)
  expect(await words('is-rebuilt')).toEqual(['erased'])
  expect(await tablesHolding(server, visitor)).toEqual([])
})

test('couture erase does the same beside the server, and says what came of it', async () => {
  const { visitor } = await known('by-command')
  expect(await server.cli('erase', 'by-command')).toEqual({
    id: 'by-command',
    erased: true,
    visitors: 1,
    shared_visitors: 0,
    orders: 1,
  })
  await settled(server)
  expect(await tablesHolding(server, visitor)).toEqual([])
  await expect(server.cli('erase', 'by-command')).rejects.toMatchObject({
    code: 1,
    stderr: 'there is no contact "by-command", or it is already erased\n',
  })
})

test('after 30 days the feed holds his id no more, and its numbers have no gap', async () => {
  const own = await startServer({ clockMs: -40 * 86_400_000 })
  const { identity_secret } = await own.cli<SiteView>('sites', 'show', 'demo')
  const past = Date.now() - 40 * 86_400_000
  await own.post('/api/v1/contacts', [{ id: 'long-gone', email: address('long-gone') }])
  const token = await signLogin(identity_secret, 'long-gone', { seconds: Math.floor(past / 1000) })
  const at = new Date(past).toISOString()
  await sendAll(own, newVisitor(), [{ ...event('identify', 0, { kind: 'login', token }), at }], { sent_at: at })
  await settled(own)
  await own.api('/api/v1/contacts/long-gone', { method: 'DELETE' })
  await settled(own)
  const before = await own.get('/api/v1/matches')
  expect(before.data.map((match: any) => match.change)).toEqual(['erased'])
  await own.stop({ wipe: false })
  const later = await startServer({ dataDir: own.dataDir })
  await until(async () => (await tablesHolding(later, 'long-gone')).length === 0, 'the farewell to end')
  const page = await later.get('/api/v1/matches')
  expect([page.data, page.next]).toEqual([[], before.next])
  await later.stop({ wipe: true })
})

test.runIf(ENGINE === 'sqlite')('a backup of before, when it is brought back, does not bring him back', async () => {
  const own = await startServer()
  const visitor = newVisitor()
  const { identity_secret } = await own.cli<SiteView>('sites', 'show', 'demo')
  await own.post('/api/v1/contacts', [record('in-the-backup')])
  const token = await signLogin(identity_secret, 'in-the-backup')
  await sendAll(own, visitor, [event('identify', 0, { kind: 'login', token })])
  await settled(own)
  const file = `${own.dataDir}-backup.db`
  await own.cli('backup', file)
  await own.api('/api/v1/contacts/in-the-backup', { method: 'DELETE' })
  await settled(own)
  await own.stop({ wipe: false })
  await own.cli('restore', file)
  rmSync(file)
  const again = await startServer({ dataDir: own.dataDir })
  await settled(again)
  expect(await tablesHolding(again, visitor)).toEqual([])
  expect((await tablesHolding(again, 'in-the-backup')).sort()).toEqual(['farewells', 'match_changes'])
  await again.stop()
})

test.runIf(ENGINE === 'sqlite')('nor do his late events come into an older store that is brought back', async () => {
  const own = await startServer()
  const { identity_secret } = await own.cli<SiteView>('sites', 'show', 'demo')
  const signed = async (contact: string, agoMs: number) =>
    event('identify', agoMs, {
      kind: 'login',
      token: await signLogin(identity_secret, contact, { seconds: Math.floor((Date.now() - agoMs) / 1000) }),
    })
  const visitor = newVisitor()
  await own.post('/api/v1/contacts', [record('in-both'), record('in-the-backup-too')])
  const hers = [await signed('in-both', 300 * MINUTE), event('page', 299 * MINUTE)]
  await sendAll(own, visitor, hers)
  await settled(own)
  const file = `${own.dataDir}-older.db`
  await own.cli('backup', file)
  // What the backup does not know, and the journal has forgotten.
  await sendAll(own, visitor, [await signed('in-the-backup-too', 200 * MINUTE), event('page', 190 * MINUTE)])
  await settled(own)
  await own.api('/api/v1/contacts/in-the-backup-too', { method: 'DELETE' })
  await settled(own)
  const left = 'select id from erasures where id not in (select erasure_id from forgotten)'
  await until(async () => (await own.query(left)).length === 0, 'the journal to forget')
  await own.stop({ wipe: false })
  await own.cli('restore', file)
  rmSync(file)
  const again = await startServer({ dataDir: own.dataDir })
  await sendAll(again, visitor, [event('page', 195 * MINUTE)])
  await settled(again)
  expect((await timeline(again, visitor)).map(({ id }) => id)).toEqual(hers.map(({ id }) => id))
  await again.stop()
})
