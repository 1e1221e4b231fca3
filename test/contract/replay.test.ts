/**
 * Real behaviour: three hours of a department store and two months of a cosmetics shop are sent over HTTP with a key,
 * and the results are compared with figures that a few independent lines count from the files. Then they are sent in
 * shuffled order with every request repeated, which gives the same state.
 *
 * The files are not part of the project; without them next to it the tests are skipped.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contactId, contactPerson } from '../../server/domain/ids.ts'
import { amount } from '../support/long.ts'
import { settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

const folder = new URL('../../../shared/data/clickstream/', import.meta.url)
const FILES = ['rees46_multi_2019-10-01.csv.gz', 'rees46_cosmetics_2022_oct.csv', 'rees46_cosmetics_2022_nov.csv']
const absent = FILES.filter((file) => !existsSync(new URL(file, folder)))
const why = absent.length > 0 ? ` (skipped: ${absent.join(', ')} not next to the project)` : ''

type Row = Record<string, string | undefined>
type Sent = { id?: string; type: string; at: string; props: Record<string, unknown> }

const TYPES: Record<string, string> = {
  view: 'view_item',
  cart: 'add_to_cart',
  remove_from_cart: 'remove_from_cart',
  purchase: 'purchase',
}

function readRows(file: string): { line: string; row: Row }[] {
  const bytes = readFileSync(new URL(file, folder))
  const [head, ...lines] = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').trimEnd().split(/\r?\n/)
  const names = head!.split(',')
  return lines.map((line) => {
    const cells = line.split(',')
    return { line, row: Object.fromEntries(names.map((name, i) => [name, cells[i]])) }
  })
}

const timeOf = (row: Row) => Date.parse(row.event_time!.replace(' UTC', 'Z').replace(' ', 'T'))

/** A row's id: its time, then its content, so that a repeated row is the same event. A truncated row has none. */
function idOf({ line, row }: { line: string; row: Row }): string | undefined {
  if (row.user_session === undefined) return undefined
  return `${Math.floor(timeOf(row) / 1000)}-${createHash('sha256').update(line).digest('base64url').slice(0, 10)}`
}

function eventOf(each: { line: string; row: Row }): Sent {
  const { row } = each
  const item = {
    item_id: row.product_id,
    price: Number(row.price),
    quantity: 1,
    item_category: row.category_code || undefined,
  }
  return {
    id: idOf(each),
    type: TYPES[row.event_type!]!,
    at: new Date(timeOf(row)).toISOString(),
    props: { currency: 'USD', items: [item] },
  }
}

/** Every second user is a contact that signs in after its last event. */
const isContact = (user: string) => Number(user) % 2 === 0

type Request = { visitor: string; events: Sent[] }

/** One user's rows as requests of at most 100 events, and the login. */
async function requestsOf(rows: { line: string; row: Row }[], secret: string): Promise<Request[]> {
  const byUser = Map.groupBy(rows, ({ row }) => row.user_id!)
  const requests: Request[] = []
  for (const [visitor, own] of byUser) {
    const events = own.map(eventOf)
    // A user that only appears in the truncated row does not count.
    if (isContact(visitor) && own.some(({ row }) => row.user_session !== undefined)) {
      const at = Math.max(...own.map(({ row }) => timeOf(row))) + 1000
      const iat = Math.floor(at / 1000)
      const token = await new SignJWT({ iat, exp: iat + 600, sub: `crm-${visitor}`, aud: 'demo' })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode(secret))
      events.push({
        id: `${iat}-login`,
        type: 'identify',
        at: new Date(at).toISOString(),
        props: { kind: 'login', token },
      })
    }
    for (let i = 0; i < events.length; i += 100) requests.push({ visitor, events: events.slice(i, i + 100) })
  }
  return requests
}

type Figures = { events: number; openCarts: number; orders: number; revenueCents: number; contactEvents: number }

/** The figures counted from the rows alone. */
function count(rows: { line: string; row: Row }[]): Figures {
  const whole = [
    ...new Map(rows.filter(({ row }) => row.user_session !== undefined).map((each) => [each.line, each])).values(),
  ]
  const purchases = whole.filter(({ row }) => row.event_type === 'purchase')
  let openCarts = 0
  for (const [, own] of Map.groupBy(whole, ({ row }) => row.user_id!)) {
    let cart = new Map<string, number>()
    const inOrder = own.sort((a, b) => timeOf(a.row) - timeOf(b.row) || (idOf(a)! < idOf(b)! ? -1 : 1))
    for (const { row } of inOrder) {
      const item = row.product_id!
      if (row.event_type === 'cart') cart.set(item, (cart.get(item) ?? 0) + 1)
      if (row.event_type === 'remove_from_cart') {
        const left = (cart.get(item) ?? 0) - 1
        if (left > 0) cart.set(item, left)
        else cart.delete(item)
      }
      if (row.event_type === 'purchase' && cart.has(item)) cart = new Map()
    }
    if (cart.size > 0) openCarts++
  }
  const contacts = new Set(whole.map(({ row }) => row.user_id!).filter(isContact))
  return {
    events: whole.length + contacts.size,
    openCarts,
    orders: purchases.length,
    revenueCents: purchases.reduce((sum, { row }) => sum + Math.round(Number(row.price) * 100), 0),
    contactEvents: whole.filter(({ row }) => isContact(row.user_id!)).length + contacts.size,
  }
}

/** Sends requests, sixteen at a time, and counts the refused events. */
async function replay(
  server: TestServer,
  key: string,
  requests: Request[],
): Promise<{ accepted: number; rejected: number }> {
  const total = { accepted: 0, rejected: 0 }
  const queue = [...requests]
  const consent = { id: 'choice', analytics: true, identity: true, marketing: true, source: 'manual' }
  const sender = async () => {
    for (let next = queue.pop(); next; next = queue.pop()) {
      const response = await fetch(`${server.url}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ site: 'demo', visitor: next.visitor, consent, events: next.events }),
      })
      const reply = (await response.json()) as { accepted: number; rejected: unknown[] }
      if (response.status !== 202) throw new Error(`${response.status} ${JSON.stringify(reply)}`)
      total.accepted += reply.accepted
      total.rejected += reply.rejected.length
    }
  }
  await Promise.all(Array.from({ length: 16 }, sender))
  return total
}

/** The state that must not depend on delivery: everything except receipt times and ids generated at receipt. */
async function stateOf(server: TestServer) {
  const all = async (sql: string) => (await server.query(sql)).map((row) => JSON.stringify(row))
  return {
    events: await all('select visitor_id, id, type, at, props, person_id from events order by 1, 2'),
    links: await all(
      'select visitor_id, id, contact_id, state, reason, valid_from, backfill_from from links order by 1, 2',
    ),
    carts: await all('select visitor_id, id, person_id, state, value, items from carts order by 1, 2'),
    persons: await all(
      // A contact that never came is there since the CRM told of it, which is a time of receipt.
      `select person_id, case when visitors = 0 then 0 else first_seen end as first_seen,
        case when visitors = 0 then 0 else last_seen end as last_seen, purchases, cart_id
       from persons order by 1`,
    ),
    // Not the reason of an entry: it is what this installation saw change, which depends on the order of arrival.
    members: await all('select segment_id, person_id, entered_at from segment_members order by 1, 2'),
    orders: await all('select order_id, visitor_id, total from orders order by 1, 2'),
  }
}

const figure = async (server: TestServer, sql: string): Promise<number> => {
  const [row] = await server.query(sql)
  return Number(Object.values(row!)[0])
}

/** The files of each shop, and how many of its users share a place: one of them is replayed. */
const SETS = {
  'three hours of a department store': { files: FILES.slice(0, 1), share: amount(10, 1) },
  'two months of a cosmetics shop': { files: FILES.slice(1), share: amount(4, 1) },
}

/** Whether a row is replayed: the truncated one is, and those of every `share`-th user, even and odd ones alike. */
const isReplayed = ({ row }: { row: Row }, share: number) =>
  row.user_session === undefined || Math.floor(Number(row.user_id) / 2) % share === 0

describe.skipIf(absent.length > 0).each(Object.entries(SETS))(`%s${why}`, (_, { files, share }) => {
  const servers: TestServer[] = []
  let rows: { line: string; row: Row }[]
  let replies: { accepted: number; rejected: number }

  const run = async (arrange: (requests: Request[]) => Request[]) => {
    const server = await startServer()
    servers.push(server)
    // The files are years old: retention must not remove part of them before they are counted.
    await server.cli('sites', 'set', 'demo', 'retention_months=120')
    const { identity_secret } = await server.cli<{ identity_secret: string }>('sites', 'show', 'demo')
    const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
    const requests = await requestsOf(rows, identity_secret)
    const users = [...new Set(requests.map((request) => request.visitor))].filter(isContact)
    await server.post(
      '/api/v1/contacts',
      users.map((user) => ({ id: `crm-${user}`, mail_consent: true })),
    )
    const total = await replay(server, key, arrange(requests))
    await settled(server)
    return total
  }

  beforeAll(async () => {
    rows = files.flatMap(readRows).filter((each) => isReplayed(each, share))
    replies = await run((requests) => requests)
  }, 120_000)
  afterAll(() => Promise.all(servers.map((server) => server.stop())))

  test('gives the figures of the files: events, open carts, orders, revenue, and the events of contacts', async () => {
    const server = servers[0]!
    const expected = count(rows)
    const cut = rows.filter(({ row }) => row.user_session === undefined).length
    expect(replies.rejected).toBe(cut)
    const stored: Figures = {
      events: await figure(server, 'select count(*) from events'),
      openCarts: await figure(server, "select count(*) from carts where state = 'open'"),
      orders: await figure(server, 'select count(*) from orders'),
      revenueCents: await figure(server, 'select sum(total) from orders'),
      contactEvents: await figure(
        server,
        `select count(*) from events where person_id like '${contactPerson(contactId('%'))}'`,
      ),
    }
    console.log(JSON.stringify({ rows: rows.length, ...replies, stored }))
    expect(stored).toEqual(expected)
  })

  test('gives the same state in shuffled order with every request sent twice', async () => {
    await run((requests) => {
      const twice = [...requests, ...requests].map((request) => ({ request, key: Math.random() }))
      return twice.sort((a, b) => a.key - b.key).map(({ request }) => request)
    })
    expect(await stateOf(servers[1]!)).toEqual(await stateOf(servers[0]!))
  }, 120_000)
})
