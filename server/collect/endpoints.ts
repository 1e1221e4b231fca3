/**
 * The public endpoints: a few fixed paths that are called with every page view. They are served on Node's own requests,
 * before the application is tried: creating the web standard's objects for each request and response takes a quarter of
 * the HTTP thread's time.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { internalError, Problem, problemAnswer } from '../domain/problem.ts'
import type { Answer, CollectRequest, Endpoint } from './accept.ts'
import { ClientDisconnected } from './body.ts'
import { corsHeaders, preflightHeaders } from './cors.ts'
import { LIMIT_HEADER } from './limits.ts'
import { ENDPOINTS, type ReceiveDeps, receive } from './receive.ts'
import { answerSettings, SETTINGS_ROUTES, type SettingsRequest, settingsRequest } from './sdk-settings.ts'

/** What the endpoints need. */
export type EndpointDeps = {
  receive: ReceiveDeps
  /** Hands a request to the collector's thread, which answers it. */
  collect: (endpoint: Endpoint, delivery: CollectRequest) => Promise<Answer>
  /** Whether any site lists the origin. */
  knowsOrigin: (origin: string) => boolean
  /** How browsers reach the collector. */
  publicUrl: string
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

/** Keep reading an answered request's remaining body for this long, then cut the connection. */
const DRAIN_MS = 5000

/** Creates the endpoints. */
export function createEndpoints(deps: EndpointDeps): EndpointHandler {
  const failed = (error: unknown, method: string, path: string): Answer => {
    if (error instanceof Problem) return problemAnswer(error)
    deps.onError(error, method, path)
    return problemAnswer(internalError())
  }
  /** Sends what comes of a request, unless its sender has gone. `route` is the pattern of its path. */
  const answer = (message: IncomingMessage, response: ServerResponse, route: string, making: () => Promise<Answer>) => {
    const began = performance.now()
    const { method = '' } = message
    const credentials = method === 'POST'
    making()
      .catch((error: unknown) => {
        if (error instanceof ClientDisconnected) throw error
        return failed(error, method, route)
      })
      .then(
        ({ status, headers, body }) => {
          const length = { 'content-length': Buffer.byteLength(body) }
          const cors = corsHeaders(message.headers.origin, deps.knowsOrigin, { credentials })
          response.writeHead(status, { ...ANSWER_HEADERS, ...length, ...headers, ...cors }).end(body)
          const limit = status === 429 ? headers[LIMIT_HEADER] : undefined
          if (limit !== undefined) deps.onLimited(limit)
          deps.onRequest(method, route, status, performance.now() - began)
          if (!message.complete) drain(message)
        },
        () => {},
      )
    return true
  }
  const allow = ({ headers }: IncomingMessage, response: ServerResponse, method: 'GET' | 'POST') => {
    const cors = corsHeaders(headers.origin, deps.knowsOrigin, { credentials: method === 'POST' })
    const preflight = preflightHeaders(method, headers['access-control-request-headers'])
    response.writeHead(204, { ...cors, ...preflight }).end()
    return true
  }
  return (message, response) => {
    const { method, url = '' } = message
    const cut = url.indexOf('?')
    const path = plainPath(cut < 0 ? url : url.slice(0, cut))
    const endpoint = ENDPOINTS.get(path)
    if (endpoint !== undefined) {
      if (method === 'OPTIONS') return allow(message, response, 'POST')
      if (method !== 'POST') return false
      return answer(message, response, path, async () =>
        deps.collect(endpoint, await receive(message, endpoint, deps.receive)),
      )
    }
    const asked = settingsRequest(path, cut < 0 ? '' : url.slice(cut), message.headers.authorization)
    if (asked === null) return false
    if (method === 'OPTIONS') return allow(message, response, 'GET')
    if (method !== 'GET' && method !== 'HEAD') return false
    return answer(message, response, SETTINGS_ROUTES[asked.sdk], () => settings(message, asked, deps))
  }
}

/** A host that was given with a slash at its end makes two in a path. */
function plainPath(path: string): string {
  return path.includes('//') ? path.replace(/\/{2,}/g, '/') : path
}

async function settings(message: IncomingMessage, asked: SettingsRequest, deps: EndpointDeps): Promise<Answer> {
  const { clientAddress, limit, now, configuration } = deps.receive
  limit({ address: clientAddress(message), keyHash: null }, now())
  return answerSettings(asked, message.headers.origin, { configuration, publicUrl: deps.publicUrl })
}

/** If the connection were cut at once, the sender might not read the answer. */
function drain(message: IncomingMessage): void {
  const late = setTimeout(() => message.destroy(), DRAIN_MS)
  message.once('close', () => clearTimeout(late))
}
