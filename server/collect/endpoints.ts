/**
 * The endpoints of the public: few fixed paths that are knocked at with every page view. They are served on Node's own
 * requests, before the application is asked: the objects of the web's standard, made for each request and its answer,
 * take a quarter of what the thread of HTTP has to do.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { internalError, Problem, problemAnswer } from '../domain/problem.ts'
import type { Answer, CollectRequest, Endpoint } from './accept.ts'
import { ClientDisconnected } from './body.ts'
import { ENDPOINTS, type ReceiveDeps, receive } from './receive.ts'

/** What the endpoints are made with. */
export type EndpointDeps = {
  receive: ReceiveDeps
  /** Hands a request to the collector's thread, which answers it. */
  collect: (endpoint: Endpoint, delivery: CollectRequest) => Promise<Answer>
  /** Whether any site lists the origin. */
  knowsOrigin: (origin: string) => boolean
  /** Told of each request that was answered. */
  onRequest: (method: string, route: string, status: number, ms: number) => void
  onError: (error: unknown, method: string, path: string) => void
}

/** Serves a request if it is for a endpoint, and says whether it is. */
export type EndpointHandler = (message: IncomingMessage, response: ServerResponse) => boolean

/** Of every answer, unless it says otherwise. */
const ANSWER_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' }

const PREFLIGHT_HEADERS = {
  'access-control-allow-methods': 'POST',
  'access-control-allow-headers': 'content-type, content-encoding, authorization, x-retry-count',
  'access-control-max-age': '86400',
}

/** What is still being sent although it was answered is thrown away so long, then the connection is cut off. */
const DRAIN_MS = 5000

/** Makes the endpoints. */
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
    const url = message.url!
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
        deps.onRequest('POST', path, status, performance.now() - began)
        if (!message.complete) drain(message)
      },
      () => {},
    )
    return true
  }
}

/** Cut off at once, a sender might not read the answer. */
function drain(message: IncomingMessage): void {
  const late = setTimeout(() => message.destroy(), DRAIN_MS)
  message.once('close', () => clearTimeout(late))
}
