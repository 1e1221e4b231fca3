/** Shared by the tests of Segment's API: a site with its keys, calls in Segment's format, and a failing network. */
import { createServer } from 'node:http'
import { expect } from 'vitest'
import type { SiteView } from './requests.ts'
import { settled } from './sender.ts'
import type { TestServer } from './server.ts'

/** A site's write key, and secret keys without and with the right to vouch for logins. */
export type SegmentKeys = { writeKey: string; secret: string; verifying: string }

/** The keys of the demo site. */
export async function segmentKeys(server: TestServer): Promise<SegmentKeys> {
  const make = async (scopes: string) => (await server.cli<{ key: string }>('keys', 'create', '--scopes', scopes)).key
  const { write_key } = await server.cli<SiteView>('sites', 'show', 'demo')
  return {
    writeKey: write_key,
    secret: await make('events:write'),
    verifying: await make('events:write,identify:write'),
  }
}

/** Categories that allow everything, named as in Segment's own examples. */
export const ALL = { Analytics: true, Functional: true, Advertising: true }

/** A context in which categories were allowed or not. */
export function consenting(preferences: Record<string, unknown> = ALL, more: Record<string, unknown> = {}) {
  return { consent: { categoryPreferences: preferences }, ...more }
}

let ids = 0
const run = Math.random().toString(36).slice(2, 10)

/** An id that no other call of this run has. */
export function messageId(): string {
  return `message-${run}-${++ids}`
}

/** An anonymous id as long as those of the SDKs, and the visitor that it makes at the demo site. */
export function newAnonymous(server: Pick<TestServer, 'visitorOf'>): { anonymousId: string; visitor: string } {
  const anonymousId = `anonymous-id-of-run-${run}-${String(++ids).padStart(7, '0')}`
  return { anonymousId, visitor: `s:${server.visitorOf(anonymousId)}` }
}

/** A call made now that allows everything. */
export function call(type: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { type, messageId: messageId(), timestamp: new Date().toISOString(), context: consenting(), ...more }
}

/** The HTTP Basic header with a key as its user name. */
export function basic(key: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` }
}

/** Posts a body below `/v1/` like a server's SDK. */
export function postCall(
  server: Pick<TestServer, 'url'>,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${server.url}/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'user-agent': 'analytics-node/6.2.0', ...headers },
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body),
  })
}

/** Posts a batch sent now. */
export function postBatch(
  server: Pick<TestServer, 'url'>,
  calls: unknown[],
  headers: Record<string, string>,
  more: Record<string, unknown> = {},
): Promise<Response> {
  return postCall(server, 'batch', { batch: calls, sentAt: new Date().toISOString(), ...more }, headers)
}

/**
 * A proxy in front of a server. `requests` counts the calls that reached it; `fail` answers the next ones with these statuses.
 */
export type Network = {
  url: string
  requests(): number
  fail(...statuses: number[]): void
  close(): Promise<void>
}

/**
 * A network that answers the first `failures` calls with `status`, as the server's own pages may read it. `reaching`: only
 * after the server has taken them, as if its answer had been lost on the way. What an SDK asks for besides passes.
 */
export async function failingNetwork(
  server: Pick<TestServer, 'url'>,
  failures: number,
  status: number,
  { reaching = false, port = 0 } = {},
): Promise<Network> {
  let requests = 0
  let failing = Array<number>(failures).fill(status)
  const proxy = createServer(async (request, response) => {
    const isCall = request.method === 'POST'
    if (isCall) requests++
    const failure = isCall ? failing.shift() : undefined
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const forward = () => {
      const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers
      const body = parts.length === 0 ? {} : { body: Buffer.concat(parts) }
      const init = { method: request.method, headers: headers as Record<string, string>, ...body }
      return fetch(server.url + request.url, init as RequestInit)
    }
    const { origin } = request.headers
    if (failure !== undefined) {
      if (reaching) await (await forward()).text()
      const readable = { 'access-control-allow-origin': origin, 'access-control-expose-headers': 'Retry-After' }
      response.writeHead(failure, { 'retry-after': '1', ...(origin === undefined ? {} : readable) }).end()
      return
    }
    const answer = await forward()
    const text = await answer.text()
    const headers = [...answer.headers].filter(([name]) =>
      /^(content-type|access-control-.*|vary|cache-control)$/.test(name),
    )
    response.writeHead(answer.status, Object.fromEntries(headers)).end(text)
  })
  await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve))
  const { port: given } = proxy.address() as { port: number }
  return {
    url: `http://127.0.0.1:${given}`,
    requests: () => requests,
    fail(...statuses) {
      failing = statuses
    },
    close: () =>
      new Promise((resolve) => {
        proxy.close(() => resolve())
        proxy.closeAllConnections()
      }),
  }
}

/** Sends calls, waits until they are derived, and returns the skipped ones that the reply reports. */
export async function sendCalls(server: TestServer, calls: unknown[], key: string): Promise<string | null> {
  const response = await postBatch(server, calls, basic(key))
  expect([response.status, await response.text()]).toEqual([200, '{"success":true}'])
  await settled(server)
  return response.headers.get('couture-left-out')
}
