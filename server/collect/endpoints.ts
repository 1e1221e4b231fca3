/**
 * The public endpoints: a few fixed paths that are called with every page view. They are served on Node's own requests,
 * before the application is tried: creating the web standard's objects for each request and response takes a quarter of
 * the HTTP thread's time.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { internalError, Problem, problemAnswer } from '../domain/problem.ts'
import type { Answer, CollectRequest, Endpoint } from './accept.ts'
import { ClientDisconnected } from './body.ts'
import { LIMIT_HEADER } from './limits.ts'
import { ENDPOINTS, type ReceiveDeps, receive } from './receive.ts'

/** What the endpoints need. */
export type EndpointDeps = {
  receive: ReceiveDeps
  /** Hands a request to the collector's thread, which answers it. */
  collect: (endpoint: Endpoint, delivery: CollectRequest) => Promise<Answer>
  /** Whether any site lists the origin. */
  knowsOrigin: (origin: string) => boolean
  /** Called for each answered request. */
  onRequest: (method: string, route: string, status: number, ms: number) => void
  /** Called for each 429, with the name of the limit. */
  onLimited: (limit: string) => void
  onError: (error: unknown, method: string, path: string) => void
}

/** Serves a request if it is for an endpoint, and returns whether it was. */
export type EndpointHandler = (message: IncomingMessage, response: ServerResponse) => boolean

/** Headers of every answer, unless it sets its own. */
const ANSWER_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' }

const PREFLIGHT_HEADERS = {
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': 'content-type, content-encoding, authorization, x-retry-count',
  'access-control-max-age': '86400',
}

/** Keep reading an answered request's remaining body for this long, then cut the connection. */
const DRAIN_MS = 5000

/** Creates the endpoints. */
export function createEndpoints(deps: EndpointDeps): EndpointHandler {
  const corsOf = ({ headers: { origin } }: IncomingMessage): Record<string, string> =>
    origin === undefined || !deps.knowsOrigin(origin)
      ? { vary: 'Origin' }
      : {
          'access-control-allow-origin': origin,
          'access-control-allow-credentials': 'true',
          'access-control-expose-headers': 'Retry-After',
          vary: 'Origin',
        }
  const failed = (error: unknown, path: string): Answer => {
    if (error instanceof Problem) return problemAnswer(error)
    deps.onError(error, 'POST', path)
    return problemAnswer(internalError())
  }
  const collect = async (message: IncomingMessage, endpoint: Endpoint, path: string): Promise<Answer> => {
    try {
      return await deps.collect(endpoint, await receive(message, endpoint, deps.receive))
    } catch (error) {
      if (error instanceof ClientDisconnected) throw error
      return failed(error, path)
    }
  }
  return (message, response) => {
    const { method } = message
    const { url = '' } = message
    const cut = url.indexOf('?')
    const path = cut < 0 ? url : url.slice(0, cut)
    const endpoint = ENDPOINTS.get(path)
    if (endpoint === undefined) return false
    if (method === 'OPTIONS') {
      response.writeHead(204, { ...corsOf(message), ...PREFLIGHT_HEADERS }).end()
      return true
    }
    if (method !== 'POST') return false
    const began = performance.now()
    collect(message, endpoint, path).then(
      ({ status, headers, body }) => {
        const length = { 'content-length': Buffer.byteLength(body) }
        response.writeHead(status, { ...ANSWER_HEADERS, ...length, ...headers, ...corsOf(message) }).end(body)
        const limit = status === 429 ? headers[LIMIT_HEADER] : undefined
        if (limit !== undefined) deps.onLimited(limit)
        deps.onRequest('POST', path, status, performance.now() - began)
        if (!message.complete) drain(message)
      },
      () => {},
    )
    return true
  }
}

/** If the connection were cut at once, the sender might not read the answer. */
function drain(message: IncomingMessage): void {
  const late = setTimeout(() => message.destroy(), DRAIN_MS)
  message.once('close', () => clearTimeout(late))
}
