/** Sends batches like the tag but without a browser, for tests of the server. */
import type { WireBatch, WireConsent, WireEvent, WireReply } from '../../tag/wire.ts'
import { proving } from './proof.ts'
import { type TestServer, until } from './server.ts'

const BROWSER =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15'

let ids = 0
/** A unique event id; ids sort in the order of their creation. */
export function eventId(): string {
  return `e${String(++ids).padStart(20, '0')}`
}

/** A consent choice that allows everything, with the given changes. */
export function consent(given: Partial<WireConsent> = {}): WireConsent {
  return { id: 'choice-1', analytics: true, identity: true, marketing: true, source: 'manual', ...given }
}

/** An event `agoMs` before now. */
export function event(
  type: string,
  agoMs = 0,
  props?: Record<string, unknown>,
  more: Partial<WireEvent> = {},
): WireEvent {
  return {
    id: eventId(),
    type,
    at: new Date(Date.now() - agoMs).toISOString(),
    ...(props === undefined ? {} : { props }),
    ...more,
  }
}

/** A body for `POST /v1/events` of the demo site. */
export function batch(events: unknown[], more: Partial<WireBatch> = {}): Record<string, unknown> {
  return { site: 'demo', consent: consent(), sent_at: new Date().toISOString(), ...more, events }
}

/** Sends a body like the tag in a browser, which proves the visitor. Headers with the value `null` are omitted. */
export function send(
  server: Pick<TestServer, 'url' | 'cookie'>,
  body: unknown,
  headers: Record<string, string | null> = {},
): Promise<Response> {
  const all = { 'content-type': 'text/plain;charset=UTF-8', 'user-agent': BROWSER, ...proving(server, body, headers) }
  const kept = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null)
  return fetch(`${server.url}/v1/events`, {
    method: 'POST',
    headers: Object.fromEntries(kept),
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

/** Sends and expects 202 with nothing rejected; returns the reply. */
export async function sendAll(
  server: Pick<TestServer, 'url' | 'cookie'>,
  visitor: string,
  events: WireEvent[],
  more: Partial<WireBatch> = {},
  headers: Record<string, string | null> = {},
): Promise<WireReply> {
  const response = await send(server, batch(events, { visitor, ...more }), headers)
  const reply = (await response.json()) as WireReply
  if (response.status !== 202 || reply.rejected.length > 0) {
    throw new Error(`expected 202 without rejections, got ${response.status} ${JSON.stringify(reply)}`)
  }
  return reply
}

/** Waits until everything accepted so far is landed, derived and published. */
export async function settled(server: TestServer, timeoutMs?: number): Promise<void> {
  const { default: BetterSqlite3 } = await import('better-sqlite3')
  const journal = new BetterSqlite3(`${server.dataDir}/journal.db`, { readonly: true })
  const idOf = journal.prepare("select value from meta where name = 'journal_id'").pluck()
  const lastOf = journal.prepare("select coalesce(max(seq), 0) from sqlite_sequence where name = 'entries'").pluck()
  // One statement reads a single moment, because deriving visitors marks persons.
  const marks = ['dirty_visitors', 'dirty_persons', 'pending_memberships', 'dirty_contacts'].map(
    (table) => `(select count(*) from ${table})`,
  )
  // A rebuild and the keys of a new site set marks slice by slice.
  const open = [...marks, "(select count(*) from meta where name = 'rebuilding' or name like 'wanted_keys %')"].join(
    ' + ',
  )
  const state = `select ${open} as dirty, (select max(position) from cursors where journal_id = ?) as landed`
  try {
    await server.reading((query) =>
      until(
        async () => {
          const last = lastOf.get()
          // Read each time, because a restored journal takes a new id.
          const [row] = await query<{ dirty: number; landed: number | null }>(state, idOf.get())
          return row!.dirty === 0 && (row!.landed ?? 0) === last
        },
        'everything to be landed and derived',
        timeoutMs,
      ),
    )
  } finally {
    journal.close()
  }
}
