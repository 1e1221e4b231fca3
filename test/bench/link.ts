/**
 * What it costs to link a visitor, and to void the link, by the number of its events: from the answer to the request
 * that claims or voids until the link is visible and every event belongs to the contact, or to nobody again. Each is
 * one transaction, so the link's state shows that its events were re-pointed; that is checked. Beside it, `one_more`
 * says what one more use of a token or naming of a contact costs by the number of those before it (`one-more`).
 */
import { sql } from 'kysely'
import { contactId, contactPerson, type PersonId, visitorId, visitorPerson } from '../../server/domain/ids.ts'
import { openCommandStore } from '../../server/store/open.ts'
import { signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { oneMore } from './one-more.ts'
import { quantile } from './table.ts'

const SIZES = [10, 1000, 100_000]
const REQUEST_EVENTS = 500

/** Not enough to make a visitor overactive on one day. */
const EVENTS_A_DAY = 8000
const DAY_MS = 24 * 3600_000

/** Runs the benchmark. */
export async function bench({ brief, long }: { brief: boolean; long: boolean }): Promise<Record<string, unknown>> {
  const server = await startServer()
  const line = { stitch_ms: {} as Record<string, number>, void_ms: {} as Record<string, number> }
  const runs = long ? 7 : brief ? 1 : 3
  const one_more = await oneMore(50 * runs)
  try {
    const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
    const { identity_secret } = await server.cli<{ identity_secret: string }>('sites', 'show', 'demo')
    for (const size of SIZES) {
      const took: { stitch: number[]; void: number[] } = { stitch: [], void: [] }
      for (let run = 0; run < runs; run++) {
        const name = `link-${size}-${run}`
        await fill(server, name, size, key)
        took.stitch.push(await stitch(server, name, identity_secret))
        await check(server, name, contactPerson(contactId(name)), size + 1)
        took.void.push(await voidLink(server, name))
        await check(server, name, visitorPerson(visitorId(name), 1), size + 1)
      }
      line.stitch_ms[size] = Math.round(quantile(took.stitch, 0.5))
      line.void_ms[size] = Math.round(quantile(took.void, 0.5))
    }
    return { ...line, one_more }
  } finally {
    await server.stop()
  }
}

/** A visitor with this many page views, and the contact that it will be linked to. */
async function fill(server: TestServer, visitor: string, size: number, key: string): Promise<void> {
  await server.post('/api/v1/contacts', [{ id: visitor, email: `${visitor}@shop.example`, mail_consent: true }])
  const oldestMs = Math.ceil(size / EVENTS_A_DAY) * DAY_MS
  for (let sent = 0; sent < size; sent += REQUEST_EVENTS) {
    const events = Array.from({ length: Math.min(REQUEST_EVENTS, size - sent) }, (_, i) =>
      event('page', 60_000 + oldestMs * (1 - (sent + i) / size)),
    )
    await sendAll(server, visitor, events, {}, { authorization: `Bearer ${key}` })
  }
  await settled(server, 300_000)
  // A visitor that was just derived rests, and that is not the cost of linking.
  await new Promise((resolve) => setTimeout(resolve, 3000))
}

async function stitch(server: TestServer, visitor: string, secret: string): Promise<number> {
  const login = event('identify', 0, { kind: 'login', token: await signLogin(secret, visitor) })
  await sendAll(server, visitor, [login])
  return timed(server, visitor, 'open')
}

async function voidLink(server: TestServer, visitor: string): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 12_000))
  const { data } = await server.get(`/api/v1/links?visitor=${visitor}`)
  await server.post(`/api/v1/links/${data[0].id}/void`, {})
  return timed(server, visitor, 'void')
}

async function timed(server: TestServer, visitor: string, state: string): Promise<number> {
  const began = performance.now()
  await until(
    async () => (await server.get(`/api/v1/links?visitor=${visitor}`)).data[0]?.state === state,
    `the link to be ${state}`,
  )
  return performance.now() - began
}

/** All events of the visitor must belong to that person, except the login of a voided link. */
async function check(server: TestServer, visitor: string, person: PersonId, events: number): Promise<void> {
  const db = openCommandStore({ databaseUrl: server.databaseUrl, dataDir: server.dataDir })
  try {
    const { rows } = await sql<{ n: number }>`
      select count(*) as n from events where visitor_id = ${visitor} and person_id = ${person}`.execute(db)
    if (Number(rows[0]!.n) !== events) throw new Error(`${events} events must be ${person}'s, but ${rows[0]!.n} are`)
  } finally {
    await db.destroy()
  }
}
