/**
 * Packs requests and replies to pass between the threads, as arrays, which take two thirds of the time of an object to
 * copy. A field of a request or reply, even an optional one, that is not packed here does not compile.
 */
import type { Answer, CollectRequest, Endpoint } from '../collect/accept.ts'
import type { Exactly } from '../domain/exact.ts'

/** A request with the job number that its reply carries. */
export type PackedRequest = [
  job: number,
  endpoint: Endpoint,
  address: CollectRequest['address'],
  receivedAt: number,
  text: string,
  site: CollectRequest['site'],
  writeKey: CollectRequest['writeKey'],
  authorization: CollectRequest['authorization'],
  cookie: CollectRequest['cookie'],
  origin: CollectRequest['origin'],
  fetchSite: CollectRequest['fetchSite'],
  userAgent: CollectRequest['userAgent'],
]

/** A reply. `headers` is null if there are none besides the usual ones. */
export type PackedAnswer = [job: number, status: number, body: string, headers: Answer['headers'] | null]

/** Packs a request. */
export function packRequest(job: number, endpoint: Endpoint, request: CollectRequest): PackedRequest {
  const { address, receivedAt, text, site, writeKey, authorization, cookie, origin, fetchSite, userAgent } = request
  return [job, endpoint, address, receivedAt, text, site, writeKey, authorization, cookie, origin, fetchSite, userAgent]
}

/** Unpacks a request. */
export function unpackRequest([
  ,
  ,
  address,
  receivedAt,
  text,
  site,
  writeKey,
  ...headers
]: PackedRequest): CollectRequest {
  const [authorization, cookie, origin, fetchSite, userAgent] = headers
  const request = { address, receivedAt, text, site, writeKey, authorization, cookie, origin, fetchSite, userAgent }
  return request satisfies Exactly<CollectRequest, typeof request>
}

/** Packs a reply. */
export function packAnswer(job: number, { status, headers, body }: Answer): PackedAnswer {
  return [job, status, body, Object.keys(headers).length === 0 ? null : headers]
}

/** Unpacks a reply. */
export function unpackAnswer([, status, body, headers]: PackedAnswer): Answer {
  const answer = { status, headers: headers ?? {}, body }
  return answer satisfies Exactly<Answer, typeof answer>
}
