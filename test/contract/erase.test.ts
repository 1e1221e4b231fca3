/**
 * A contact can be erased for good: the row, the orders, the visitors and their data disappear from the store
 * and from every file. An old cookie, an old mail link or an old CRM record brings nothing back.
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
  timelineStatus,
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

/** A contact with an order and a signed-in visitor; returns the visitor and its cookie. */
async function known(contact: string) {
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
  const response = await send(server, batch(events, { candidate: newVisitor() }))
  const { visitor } = (await response.json()) as { visitor: string }
  await settled(server)
  return { visitor, cookie: response.headers.get('set-cookie')!.split(';')[0]! }
}

/** The feed's entries about a contact, in order. */
async function feedChanges(contact: string): Promise<string[]> {
  const said: string[] = []
  for (let after = ''; ; ) {
    const page = await server.get(`/api/v1/matches?limit=1${after}`)
    said.push(...page.data.filter((m: any) => m.contact.id === contact).map((m: any) => m.change))
    if (!page.has_more) return said
    after = `&after=${page.next}`
  }
}

test('an erased contact is gone from the files and from every table except the feed’s erasure notice', async () => {
  const contact = 'leaves-for-good'
  const { visitor } = await known(contact)
  expect(await tablesHolding(server, contact)).toContain('contacts')
  expect(await feedChanges(contact)).toEqual(['matched'])
  const reply = await erase(contact)
  expect([reply.status, await reply.json()]).toEqual([
    200,
    { id: contact, erased: true, visitors: 1, shared_visitors: 0, orders: 1 },
  ])
  await settled(server)
  expect((await server.api(`/api/v1/contacts/${contact}`)).status).toBe(404)
  expect((await server.api(`/api/v1/visitors/${visitor}/timeline`)).status).toBe(404)
  expect(await feedChanges(contact)).toEqual(['erased'])
  expect((await tablesHolding(server, contact)).sort()).toEqual(['farewells', 'match_changes'])
  for (const trace of [visitor, address(contact), sha256(address(contact)), `phone-${contact}`, `ring-${contact}`]) {
    expect(await tablesHolding(server, trace)).toEqual([])
  }
})

test('after an erasure no file of the data folder contains the contact, not even the journal', async () => {
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
  // The feed's erasure notice is the only place that still contains the id, for 30 days.
  const inStore = server.databaseUrl === null ? ['couture.db'] : ['farewells', 'match_changes']
  await until(async () => String((await filesHolding(server, contact)).sort()) === String(inStore), 'the id to go')
  expect(await server.query('select * from forgotten')).toHaveLength(
    (await server.query('select * from erasures')).length,
  )
})

/** Waits until the journal has processed every erasure. */
async function forgotten() {
  await settled(server)
  const left = 'select id from erasures where id not in (select erasure_id from forgotten)'
  await until(async () => (await server.query(left)).length === 0, 'the journal to forget')
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

test('events sent after the erasure leave the journal as soon as they are landed', async () => {
  const contact = 'comes-to-the-journal'
  const { visitor, cookie } = await known(contact)
  await erase(contact)
  await forgotten()
  await until(async () => (await filesHolding(server, visitor)).length === 0, 'the visitor to be in no file')
  const other = newVisitor()
  const own = event('page')
  const no = { id: 'choice-9', analytics: false, identity: false, marketing: false }
  await Promise.all([
    send(server, batch([event('page'), await login(contact)]), { cookie }),
    sendAll(server, other, [own]),
    send(server, batch([event('page')]), { cookie }),
    // The withdrawal is kept as a proof, under a keyed hash.
    send(server, batch([event('consent')], { consent: consent(no) }), { cookie }),
  ])
  await settled(server)
  expect((await timeline(server, other)).map((each) => each.id)).toEqual([own.id])
  await until(async () => (await filesHolding(server, visitor)).length === 0, 'the visitor to be in no file again')
  expect((await filesHolding(server, own.id)).join(' ')).toContain('journal.db')
  expect(await server.query('select * from withdrawals where consent_id = ?', 'choice-9')).toHaveLength(1)
})

test('events sent after a withdrawal leave the journal too', async () => {
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

test('the audit records the erasure but not the contact’s id', async () => {
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

test('erasing an unknown or already erased contact is 404', async () => {
  await known('is-erased-twice')
  expect((await erase('is-erased-twice')).status).toBe(200)
  for (const id of ['is-erased-twice', 'never-was']) {
    expect(await problemOf(await erase(id))).toMatchObject({ status: 404, code: 'unknown_contact' })
  }
  await settled(server)
})

test('the old cookie and the old mail link create nothing', async () => {
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
  expect(await feedChanges(contact)).toEqual(['erased'])
})

test.each<[string, 'refused' | 'taken', (id: string) => object]>([
  ['the same record', 'refused', (id) => record(id)],
  ['a later record', 'refused', (id) => record(id, { updated_at: new Date(Date.now() + 86_400_000).toISOString() })],
  ['the id without the address', 'refused', (id) => ({ id })],
  ['the address used as an id', 'refused', (id) => ({ id: address(id), email: address(id) })],
  [
    'an older record of the address',
    'refused',
    (id) => record(id, { id: `${id}-2`, updated_at: '2026-01-01T00:00:00Z' }),
  ],
  ['a newer record of the address under a new id', 'taken', (id) => record(id, { id: `${id}-anew` })],
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
  // The address now finds the new contact, which gets nothing from before.
  const next = newVisitor()
  await sendAll(server, next, [event('identify', 0, { kind: 'login', email: address(id) })])
  await settled(server)
  expect(await links(next)).toEqual([expect.objectContaining({ contact: `${id}-anew`, state: 'open' })])
  expect((await server.get(`/api/v1/contacts/${id}-anew/timeline`)).data).toEqual([])
})

test('orders that name an erased contact are refused', async () => {
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

test('on a shared device only the erased contact’s stretch goes, and the other contact gets none of it', async () => {
  await server.post('/api/v1/contacts', [record('stays-here'), record('goes-from-here')])
  const visitor = newVisitor()
  const before = event('page', 300 * MINUTE)
  const erased = [
    event('page', 200 * MINUTE),
    await login('goes-from-here', 199 * MINUTE),
    event('view_cart', 198 * MINUTE),
  ]
  const others = [await login('stays-here', 100 * MINUTE), event('page', 99 * MINUTE)]
  await sendAll(server, visitor, [before])
  await sendAll(server, visitor, erased)
  await sendAll(server, visitor, others)
  await settled(server)
  const ids = async (path: string) => (await server.get(`/api/v1/${path}/timeline`)).data.map((each: any) => each.id)
  expect(await ids('contacts/goes-from-here')).toEqual(erased.map((each) => each.id))
  const reply = await (await erase('goes-from-here')).json()
  expect(reply).toMatchObject({ visitors: 0, shared_visitors: 1 })
  await settled(server)
  expect(await ids(`visitors/${visitor}`)).toEqual([before, ...others].map((each) => each.id))
  expect(await ids('contacts/stays-here')).toEqual(others.map((each) => each.id))
  expect((await timeline(server, visitor))[0]!.link).toBeNull()
  await forgotten()
  for (const { id } of erased) {
    await until(async () => (await filesHolding(server, id)).length === 0, 'the erased events to be in no file')
  }
  expect((await tablesHolding(server, 'goes-from-here')).sort()).toEqual(['farewells', 'match_changes'])
})

test('on a shared device dead letters go too, if they are the erased contact’s or do not say whose they are', async () => {
  await server.post('/api/v1/contacts', [record('stays-in-letters'), record('goes-in-letters')])
  const visitor = newVisitor()
  const erased = [await login('goes-in-letters', 199 * MINUTE), event('page', 190 * MINUTE)]
  await sendAll(server, visitor, erased)
  await sendAll(server, visitor, [await login('stays-in-letters', 100 * MINUTE)])
  await settled(server)
  const now = Date.now()
  const letter = (entry: number, events: unknown) =>
    server.change(
      'insert into dead_letters (journal_id, entry_id, part, error, body, at, visitor_id, attempts) values (?, ?, 0, ?, ?, ?, ?, 1)',
      ...['a-journal', entry, 'an error', JSON.stringify({ visitor, events }), now, visitor],
    )
  const at = (agoMs: number) => now - agoMs
  await letter(1, [{ id: 'letter-erased', at: at(195 * MINUTE) }])
  await letter(2, [
    { id: 'letter-erased-too', at: at(195 * MINUTE) },
    { id: 'letter-other', at: at(99 * MINUTE) },
  ])
  await letter(3, [{ id: 'letter-other-alone', at: at(99 * MINUTE) }])
  await letter(4, 'letter-of-whom')
  await erase('goes-in-letters')
  await settled(server)
  const letters = await server.query(
    'select entry_id, body from dead_letters where visitor_id = ? order by entry_id',
    visitor,
  )
  expect(letters.map(({ entry_id, body }) => [Number(entry_id), /letter-[a-z-]+/g.exec(String(body))![0]])).toEqual([
    [2, 'letter-other'],
    [3, 'letter-other-alone'],
  ])
  await server.change('delete from dead_letters where visitor_id = ?', visitor)
})

test('on a shared device late events of the erased contact never become the other contact’s', async () => {
  await server.post('/api/v1/contacts', [record('stays-late'), record('goes-late')])
  const visitor = newVisitor()
  const others = [await login('stays-late', 300 * MINUTE), event('page', 299 * MINUTE)]
  await sendAll(server, visitor, others)
  await sendAll(server, visitor, [event('page', 200 * MINUTE), await login('goes-late', 199 * MINUTE)])
  others.push(await login('stays-late', 100 * MINUTE), event('page', 99 * MINUTE))
  await sendAll(server, visitor, others.slice(2))
  await sendAll(server, visitor, [await login('goes-late', 20 * MINUTE), event('view_cart', 19 * MINUTE)])
  await settled(server)
  await erase('goes-late')
  // Within the erased stretch, in the session after it, and after its last event.
  const late = [event('page', 199.5 * MINUTE), event('page', 197 * MINUTE), event('page', 18 * MINUTE)]
  await sendAll(server, visitor, late)
  others.push(await login('stays-late', 10 * MINUTE), event('page', 9 * MINUTE))
  await sendAll(server, visitor, others.slice(4))
  await settled(server)
  const { data } = await server.get('/api/v1/contacts/stays-late/timeline')
  expect(data.map((each: any) => each.id)).toEqual(others.map((each) => each.id))
  expect(await left(visitor)).toEqual(others.map(({ id }) => id))
  expect(await tablesHolding(server, 'goes-late')).not.toContain('contacts')
})

/** A device used by one contact and then another, until `lastAgoMs` before now; returns the visitor. */
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

test('on a shared device earlier events that land after the erasure are in no file, in any order of arrival', async () => {
  const visitor = await sharedDevice('stays-first', 'goes-second', 198 * MINUTE)
  const known = await left(visitor)
  await erase('goes-second')
  await settled(server)
  // The second event follows the contact's last one only once the first has landed; the third comes after a pause.
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
  // Sending it again does not store it either, and a rebuild changes nothing.
  await sendAll(server, visitor, gone)
  await settled(server)
  await server.cli('rebuild')
  await settled(server)
  expect(await left(visitor)).toEqual([...known.slice(0, 2), paused.id])
  expect((await timeline(server, visitor)).at(-1)!.link).toBeNull()
})

test('on a shared device events from after the erasure stay, as anonymous events', async () => {
  const visitor = await sharedDevice('stays-on-it', 'goes-at-once', 5 * MINUTE)
  await erase('goes-at-once')
  const [before, after] = [event('page', 4 * MINUTE), event('page')]
  await sendAll(server, visitor, [after, before])
  await settled(server)
  expect((await left(visitor)).slice(2)).toEqual([after.id])
  expect((await timeline(server, visitor)).at(-1)!.link).toBeNull()
})

test('another contact’s claim ends the erased stretch even if it lands late', async () => {
  const visitor = await sharedDevice('claims-late', 'goes-before', 198 * MINUTE)
  await erase('goes-before')
  const others = [await login('claims-late', 190 * MINUTE), event('page', 189 * MINUTE)]
  await sendAll(server, visitor, others)
  await settled(server)
  expect((await left(visitor)).slice(2)).toEqual(others.map(({ id }) => id))
})

test('a contact’s cart goes with it, whoever’s address was typed next to it', async () => {
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
  expect(await (await erase('has-the-device')).json()).toMatchObject({ visitors: 0, shared_visitors: 1 })
  await settled(server)
  expect(await timelineStatus(server, visitor)).toBe(404)
})

test('a record merged into the erased contact is erased too', async () => {
  await server.post('/api/v1/contacts', [record('survivor'), record('merged-record', { merged_into: 'survivor' })])
  expect((await erase('survivor')).status).toBe(200)
  expect((await erase('merged-record')).status).toBe(404)
  await settled(server)
  for (const id of ['survivor', 'merged-record']) expect(await tablesHolding(server, id)).toEqual([])
})

test('another contact with the same address keeps it and is then found by it', async () => {
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

test('a rebuild gives the same result', async () => {
  const { visitor } = await known('is-rebuilt')
  await erase('is-rebuilt')
  await settled(server)
  const derived = () => server.query('select * from links order by visitor_id, id')
  const before = await derived()
  await server.cli('rebuild')
  await settled(server)
  expect(await derived()).toEqual(before)
  expect(await feedChanges('is-rebuilt')).toEqual(['erased'])
  expect(await tablesHolding(server, visitor)).toEqual([])
})

test('couture erase does the same while the server runs, and reports the result', async () => {
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

test('after 30 days the feed no longer contains the id, and its sequence numbers have no gap', async () => {
  const own = await startServer({ movable: true, clockMs: -40 * 86_400_000 })
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
  await own.setClock(0)
  await until(async () => (await tablesHolding(own, 'long-gone')).length === 0, 'the erasure notice to expire')
  const page = await own.get('/api/v1/matches')
  expect([page.data, page.next]).toEqual([[], before.next])
  await own.stop()
})

test.runIf(ENGINE === 'sqlite')('restoring an older backup does not restore an erased contact', async () => {
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

test.runIf(ENGINE === 'sqlite')('late events of an erased contact do not enter a restored older store', async () => {
  const own = await startServer()
  const { identity_secret } = await own.cli<SiteView>('sites', 'show', 'demo')
  const signed = async (contact: string, agoMs: number) =>
    event('identify', agoMs, {
      kind: 'login',
      token: await signLogin(identity_secret, contact, { seconds: Math.floor((Date.now() - agoMs) / 1000) }),
    })
  const visitor = newVisitor()
  await own.post('/api/v1/contacts', [record('in-both'), record('in-the-backup-too')])
  const others = [await signed('in-both', 300 * MINUTE), event('page', 299 * MINUTE)]
  await sendAll(own, visitor, others)
  await settled(own)
  const file = `${own.dataDir}-older.db`
  await own.cli('backup', file)
  // These events are not in the backup and have left the journal.
  await sendAll(own, visitor, [await signed('in-the-backup-too', 200 * MINUTE), event('page', 192 * MINUTE)])
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
  expect((await timeline(again, visitor)).map(({ id }) => id)).toEqual(others.map(({ id }) => id))
  await again.stop()
})
