/**
 * Requests and answers as they cross between the threads: lists, which are copied in two thirds of an object's time. A
 * request or an answer with a field, an optional one too, that is not packed here does not compile.
 */
import type { Answer, CollectRequest, Endpoint } from '../collect/accept.ts'
import type { Exactly } from '../domain/exact.ts'

/** A request with the number by which it is answered. */
export type PackedRequest = [
  job: number,
  endpoint: Endpoint,
  address: CollectRequest['address'],
  receivedAt: number,
  text: string,
  site: CollectRequest['site'],
  authorization: CollectRequest['authorization'],
  cookie: CollectRequest['cookie'],
  origin: CollectRequest['origin'],
  fetchSite: CollectRequest['fetchSite'],
  userAgent: CollectRequest['userAgent'],
]

/** An answer; `headers` null: none but the usual. */
export type PackedAnswer = [job: number, status: number, body: string, headers: Answer['headers'] | null]

/** Packs a request. */
export function packRequest(job: number, endpoint: Endpoint, request: CollectRequest): PackedRequest {
  const { address, receivedAt, text, site, authorization, cookie, origin, fetchSite, userAgent } = request
  return [job, endpoint, address, receivedAt, text, site, authorization, cookie, origin, fetchSite, userAgent]
}

/** Unpacks a request. */
export function unpackRequest([, , address, receivedAt, text, site, ...headers]: PackedRequest): CollectRequest {
  const [authorization, cookie, origin, fetchSite, userAgent] = headers
  const request = { address, receivedAt, text, site, authorization, cookie, origin, fetchSite, userAgent }
  return request satisfies Exactly<CollectRequest, typeof request>
}

/** Packs an answer. */
export function packAnswer(job: number, { status, headers, body }: Answer): PackedAnswer {
  return [job, status, body, Object.keys(headers).length === 0 ? null : headers]
}

/** Unpacks an answer. */
export function unpackAnswer([, status, body, headers]: PackedAnswer): Answer {
  const answer = { status, headers: headers ?? {}, body }
  return answer satisfies Exactly<Answer, typeof answer>
}
