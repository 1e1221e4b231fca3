/**
 * The endpoints on the HTTP side: a request is admitted or refused before its body is read, and read within the limits
 * of its sender. Its content is checked elsewhere.
 */
import type { IncomingMessage } from 'node:http'
import { LIMITS } from '../../tag/wire.ts'
import { usableKey } from '../domain/api-key.ts'
import { Problem } from '../domain/problem.ts'
import type { CollectRequest, Endpoint } from './accept.ts'
import { readBody } from './body.ts'
import { AGENT_LENGTH } from './bot.ts'
import type { Configuration } from './configuration.ts'
import type { RateLimit } from './rate-limit.ts'
import { keyInHeader } from './segment-auth.ts'

/** The paths of the endpoints. Segment's browser SDKs use the initials, its importers `import`, RudderStack's beacons their own. */
export const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ['/v1/events', 'events'],
  ...Object.entries({
    ...({ batch: 'batch', track: 'track', page: 'page', screen: 'screen' } as const),
    ...({ identify: 'identify', group: 'group', alias: 'alias', merge: 'merge' } as const),
    ...({ b: 'batch', import: 'batch', t: 'track', p: 'page', s: 'screen' } as const),
    ...({ i: 'identify', g: 'group', a: 'alias' } as const),
  }).flatMap(([name, endpoint]) => withSlash(`/v1/${name}`, endpoint)),
  ...withSlash('/beacon/v1/batch', 'batch'),
])

function withSlash(path: string, endpoint: Endpoint): [string, Endpoint][] {
  return [
    [path, endpoint],
    [`${path}/`, endpoint],
  ]
}

/** What receiving needs. */
export type ReceiveDeps = {
  /** The client's address as reported by the proxies in front. */
  clientAddress: (message: IncomingMessage) => string | null
  configuration: Configuration
  hashKey: (key: string) => string
  /** Notes that a key was used. */
  keyUsed: (id: string) => void
  limit: RateLimit
  now: () => number
}

/** Receives one request. Throws a `Problem` if it is refused or cannot be read. */
export async function receive(
  message: IncomingMessage,
  endpoint: Endpoint,
  deps: ReceiveDeps,
): Promise<CollectRequest> {
  const { authorization, cookie, origin } = message.headers
  const receivedAt = deps.now()
  const address = deps.clientAddress(message)
  const charge = deps.limit({ address, keyHash: knownKey(authorization, deps) }, receivedAt)
  let maxBytes: number = LIMITS.segment.bytes
  if (endpoint === 'events') {
    if (authorization !== undefined) await checkKey(authorization, deps)
    maxBytes = authorization === undefined ? LIMITS.tag.bytes : LIMITS.keyed.bytes
  }
  const text = await readBody(message, maxBytes)
  charge(text.length)
  const query = endpoint === 'events' ? null : queryOf(message.url ?? '')
  const site = query?.get('site') ?? null
  const writeKey = query?.get('writeKey') ?? null
  const userAgent = message.headers['user-agent']?.slice(0, AGENT_LENGTH)
  const fetchSite = message.headers['sec-fetch-site'] as string | undefined
  return { address, receivedAt, text, site, writeKey, authorization, cookie, origin, fetchSite, userAgent }
}

function queryOf(url: string): URLSearchParams | null {
  const cut = url.indexOf('?')
  return cut < 0 ? null : new URLSearchParams(url.slice(cut))
}

/** The hash of a request's secret key, if it has one that this collector knows already. */
function knownKey(header: string | undefined, { configuration, hashKey }: ReceiveDeps): string | null {
  const key = header === undefined ? null : keyInHeader(header)
  const hash = key === null ? null : hashKey(key)
  return hash !== null && configuration.knowsKey(hash) ? hash : null
}

/** 401 or 403 for an invalid secret key. */
async function checkKey(header: string, { configuration, hashKey, keyUsed, now }: ReceiveDeps): Promise<void> {
  const token = /^Bearer (\S+)$/i.exec(header)?.[1]
  const found = token === undefined ? undefined : await configuration.freshKey(hashKey(token))
  const key = usableKey(found, now(), 'Authorization must be "Bearer KEY" with a key of this collector')
  keyUsed(key.id)
  if (!key.scopes.includes('events:write')) {
    throw new Problem(403, 'missing_scope', 'the key must have the scope events:write')
  }
}
