/**
 * Covers what is left on disk: after a refusal, a withdrawal of analytics, a withdrawal of identity and an erasure, every
 * byte of the data folders and every row of the store is searched for the person: the secret and the id of the browser,
 * addresses and their hashes, what was looked at and put into carts. On PostgreSQL a second collector has a journal of its
 * own and has accepted a part of it.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WireEvent, WireReply } from '../../tag/wire.ts'
import { newVisitor, type SiteView, signLogin } from '../support/requests.ts'
import { batch, consent, event, send, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { ENGINE } from '../support/store.ts'

/** Segments about what the persons of these tests do. */
const SEGMENTS = { carts: { cart: {} }, readers: { event: { type: 'page' } } }

let server: TestServer
/** The collectors: all of them land into the store of the first. */
let collectors: TestServer[]
let secret: string

beforeAll(async () => {
  server = await startServer()
  collectors = [server]
  if (ENGINE === 'postgres') {
    // A further collector warns that its journal is new, if the first one's has landed something by then.
    const env = { DATABASE_URL: server.databaseUrl!, LOG_LEVEL: 'error' }
    collectors.push(await startServer({ env }))
  }
  secret = (await server.cli<SiteView>('sites', 'show', 'demo')).identity_secret
  // Everybody enters and leaves segments, which is logged.
  for (const [id, node] of Object.entries(SEGMENTS)) await server.post('/api/v1/segments', { id, name: id, node })
})
afterAll(async () => {
  for (const each of collectors.reverse()) await each.stop()
})

const all = async () => {
  for (const each of collectors) await settled(each)
}
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

let persons = 0
/** A person with a browser, and the traces that they leave. */
function newPerson() {
  const n = `${Date.now().toString(36)}n${++persons}n`
  return {
    contact: `crm-${n}`,
    address: `anna-${n}@mail.example`,
    candidate: newVisitor(),
    page: `page-of-${n}`,
    cart: `ring-of-${n}`,
    term: `engraving-of-${n}`,
    choice: `choice-of-${n}`,
  }
}
type Person = ReturnType<typeof newPerson>

/** Sends to a collector as the person's browser. */
async function sendAs(
  person: Person,
  events: WireEvent[],
  {
    to = server,
    cookie,
    ...purposes
  }: { to?: TestServer; cookie?: string; analytics?: boolean; identity?: boolean; at?: string } = {},
) {
  const headers: Record<string, string> = cookie === undefined ? {} : { cookie }
  const more = { candidate: person.candidate, consent: consent({ id: person.choice, ...purposes }) }
  const response = await send(to, batch(events, more), headers)
  expect(response.status).toBe(202)
  const reply = (await response.json()) as WireReply
  return { reply, cookie: response.headers.get('set-cookie')?.split(';')[0] }
}

const visit = (person: Person) => [
  event('page', 3000, { search: person.term }, { url: `https://shop.example/${person.page}`, title: person.page }),
  event('add_to_cart', 2000, { currency: 'EUR', items: [{ item_id: person.cart, price: 5, quantity: 1 }] }),
]

/** A person whom the shop knows, signed in, with a cart and an order, seen by every collector. */
async function knownPerson() {
  const person = newPerson()
  const { contact, address, cart } = person
  await server.post('/api/v1/contacts', [{ id: contact, email: address, mail_consent: true }])
  const login = async () => event('identify', 1000, { kind: 'login', token: await signLogin(secret, contact) })
  const first = await sendAs(person, [...visit(person), await login()])
  const { cookie } = first
  for (const to of collectors)
    await sendAs(person, [...visit(person), await login()], { to, ...(cookie ? { cookie } : {}) })
  await all()
  const order = {
    order_id: `order-${contact}`,
    contact_id: contact,
    at: new Date().toISOString(),
    total: 5,
    currency: 'EUR',
  }
  await server.post('/api/v1/orders', [{ ...order, items: [{ item_id: cart, quantity: 1 }] }])
  await all()
  return { ...person, visitor: first.reply.visitor!, cookie: cookie! }
}

/** The places that hold a text: files of the data folders, and tables of a store that is elsewhere. */
async function holding(text: string): Promise<string[]> {
  const files = collectors.flatMap((each, n) =>
    readdirSync(each.dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(text))
      .map((entry) => `${n}:${entry.name}`),
  )
  if (server.databaseUrl === null) return files
  const rows = await Promise.all(
    (await server.tables()).map(async (name) => {
      const found = await server.query(`select * from "${name}"`)
      return found.some((row) => JSON.stringify(row).includes(text)) ? [name] : []
    }),
  )
  return [...files, ...rows.flat()]
}

const SOON_MS = 15_000
async function nowhere(texts: string[], except: string[] = []): Promise<void> {
  for (const text of texts) {
    const left = async () => (await holding(text)).filter((place) => !except.includes(place))
    await until(async () => (await left()).length === 0, `${text} to be nowhere`, SOON_MS).catch(async () => {
      expect([text, await left()]).toEqual([text, []])
    })
  }
}

test('a refusal leaves nothing', async () => {
  const person = newPerson()
  const refused = { analytics: false, identity: false }
  const { cookie } = await sendAs(person, [...visit(person), event('consent')], refused)
  expect(cookie).toBeUndefined()
  // Whoever agrees is stored, so that the search is known to find what there is.
  const other = newPerson()
  const { reply } = await sendAs(other, visit(other))
  await all()
  for (const text of [reply.visitor!, other.page, other.cart, other.term]) expect(await holding(text)).not.toEqual([])
  await nowhere([person.candidate, person.page, person.cart, person.term, person.choice])
})

describe('a withdrawal of analytics', () => {
  test('empties the store and the journals of all collectors within seconds', async () => {
    const person = await knownPerson()
    for (const [n] of collectors.entries()) expect((await holding(person.page)).join(' ')).toContain(`${n}:journal.db`)
    const denied = { analytics: false, identity: false, cookie: person.cookie }
    const withdrawn = await sendAs({ ...person, choice: `no-of-${person.contact}` }, [event('consent')], denied)
    expect(withdrawn.reply).toMatchObject({ visitor: null, accepted: 1 })
    // The order, what segments know of it and the address are the shop's own; the choice is kept as proof.
    await nowhere([person.visitor, person.candidate, person.page, person.term, person.choice])
    await nowhere([person.cart], ['0:couture.db', '0:couture.db-wal', 'orders', 'person_orders'])
    expect(await server.query('select * from orders where visitor_id = ?', person.visitor)).toEqual([])
    const proofs = await server.query('select * from withdrawals where consent_id = ?', `no-of-${person.contact}`)
    expect(proofs).toHaveLength(1)
  })

  test('removes what arrives later, and what could not be landed', async () => {
    const person = await knownPerson()
    const letter = { ...newPerson(), visitor: person.visitor }
    const body = JSON.stringify({ visitor: person.visitor, events: [{ title: letter.page }] })
    const insert = 'insert into dead_letters (journal_id, entry_id, part, error, body, at, visitor_id, attempts) values'
    await server.change(`${insert} (?, 1, 0, 'broken', ?, 1, ?, 1)`, `j-${letter.contact}`, body, person.visitor)
    await sendAs(person, [event('consent')], { analytics: false, identity: false, cookie: person.cookie })
    const late = { ...newPerson(), candidate: person.candidate }
    for (const to of collectors) await sendAs(late, visit(late), { to, cookie: person.cookie })
    await nowhere([person.visitor, person.page, letter.page, late.page, late.cart])
  })

  test('does not read the journal again for each visitor that withdraws', async () => {
    const others = Array.from({ length: 20 }, newPerson)
    const visitors = await Promise.all(others.map(async (person) => sendAs(person, visit(person))))
    await all()
    await Promise.all(
      others.map((person, i) =>
        sendAs(person, [event('consent')], { analytics: false, identity: false, cookie: visitors[i]!.cookie! }),
      ),
    )
    await nowhere(visitors.map(({ reply }) => reply.visitor!))
    const left = await server.query('select id from erasures where id not in (select erasure_id from forgotten)')
    expect(left).toEqual([])
  })
})

/** The rows of the store and the entries of the journals that hold both texts. */
async function holdingBoth(one: string, others: string[]): Promise<string[]> {
  const isTie = (text: string) => text.includes(one) && others.some((other) => text.includes(other))
  const found = await Promise.all(
    (await server.tables()).map(async (name) => {
      const rows = await server.query(`select * from "${name}"`)
      return rows.some((row) => isTie(JSON.stringify(row))) ? [name] : []
    }),
  )
  const journals = collectors.map((each, n) => {
    const journal = new BetterSqlite3(join(each.dataDir, 'journal.db'), { readonly: true })
    const bodies = journal.prepare('select body from entries').pluck().all() as string[]
    journal.close()
    const entries = bodies.flatMap((body) => JSON.parse(body) as unknown[])
    return entries.some((entry) => isTie(JSON.stringify(entry))) ? [`journal ${n}`] : []
  })
  return [...found.flat(), ...journals.flat()]
}

describe('a withdrawal of identity', () => {
  test('leaves no row that ties the visitor to the contact, and no other browser is affected', async () => {
    const person = await knownPerson()
    const [byMail] = (
      await server.post('/api/v1/link-tokens', { site: 'demo', contacts: [person.contact], message: 'spring' })
    ).data
    const click = () => event('identify', 0, { kind: 'link', link: byMail.token })
    await sendAs(person, [click()], { cookie: person.cookie })
    const other = newPerson()
    const others = await sendAs(other, [...visit(other), click()])
    await all()
    const keys = await server.query<{ key_hash: string }>(
      'select key_hash from contact_keys where contact_id = ?',
      person.contact,
    )
    const tokens = await server.query<{ token_hash: string }>(
      'select token_hash from token_uses where visitor_id = ?',
      person.visitor,
    )
    const names = [person.contact, ...keys.map((row) => row.key_hash), ...tokens.map((row) => row.token_hash)]
    expect((await holdingBoth(person.visitor, names)).sort()).toEqual(
      expect.arrayContaining(['claim_keys', 'claims', 'events', 'links', 'token_uses', 'visitor_persons']),
    )
    const insert = 'insert into dead_letters (journal_id, entry_id, part, error, body, at, visitor_id, attempts) values'
    const body = { visitor: person.visitor, events: [{ id: 'x', at: Date.now() - 500, claim: { key: names[1] } }] }
    await server.change(`${insert} (?, 1, 0, 'broken', ?, 1, ?, 1)`, 'a-journal', JSON.stringify(body), person.visitor)

    const chosen = new Date().toISOString()
    const withdrawn = { ...person, choice: `identity-no-${person.visitor}` }
    await sendAs(withdrawn, [event('consent')], { identity: false, cookie: person.cookie })
    // A page that does not know of it yet sends what it has.
    const late = event('identify', 4000, { kind: 'login', token: await signLogin(secret, person.contact) })
    const stale = event('identify', 0, { kind: 'login', token: await signLogin(secret, person.contact) })
    for (const to of collectors) await sendAs(person, [late], { to, cookie: person.cookie })
    await sendAs(person, [stale], { cookie: person.cookie, at: chosen })
    await all()
    await until(async () => (await holdingBoth(person.visitor, names)).length === 0, 'the ties to go', SOON_MS).catch(
      async () => expect(await holdingBoth(person.visitor, names)).toEqual([]),
    )
    const links = await server.get(`/api/v1/links?visitor=${person.visitor}`)
    for (const link of links.data)
      expect(link).toMatchObject({ contact: null, state: 'void', reason: 'identity_withdrawn' })
    expect((await server.get(`/api/v1/contacts/${person.contact}`)).visitors.map((v: any) => v.id)).toEqual([
      others.reply.visitor,
    ])
    // What was done stays the anonymous visitor's.
    expect((await server.get(`/api/v1/visitors/${person.visitor}/timeline`)).data.length).toBeGreaterThan(2)

    const again = { ...person, choice: `identity-yes-${person.visitor}` }
    const token = await signLogin(secret, person.contact)
    await sendAs(again, [event('identify', 0, { kind: 'login', token })], { cookie: person.cookie })
    await all()
    const after = await server.get(`/api/v1/links?visitor=${person.visitor}&state=open`)
    expect(after.data).toMatchObject([{ contact: person.contact, strength: 'verified' }])
  })
})

describe('an erasure', () => {
  test('empties the store and the journals of all collectors', async () => {
    const person = await knownPerson()
    const erased = await server.api(`/api/v1/contacts/${person.contact}`, { method: 'DELETE' })
    expect(erased.status).toBe(200)
    await nowhere([person.visitor, person.candidate, person.address, sha256(person.address)])
    await nowhere([person.page, person.cart, person.term, person.choice, `order-${person.contact}`])
  })
})
