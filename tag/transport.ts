/**
 * One request to the collector and what its reply means. The queue acts on that meaning alone, so every status is
 * classified here and nowhere else. Between the page and the collector there are service workers, firewalls, login pages
 * and servers in maintenance, which answer with any status and body: only the collector's own 202 means that events are on
 * disk, and only its own problem refuses them for good. It never throws.
 */
import type { WireReply } from './wire.ts'

/** What to do with the events of a request. */
export type Outcome =
  | { kind: 'done'; visitor: string | null; rejected: WireReply['rejected'] }
  | { kind: 'refused'; status: number }
  | { kind: 'too_large' }
  | { kind: 'retry'; afterMs?: number }

/** Sends a request's body. `keepalive` lets it outlive the page. */
export type Post = (body: string, keepalive: boolean) => Promise<Outcome>

/** A wrong date must not silence a page for ever, nor overflow a timer (2^31 ms), which would fire at once. */
const MAX_RETRY_AFTER_MS = 3600_000

/** Seconds or a date, as in HTTP; undefined if it is neither, or if the date has passed. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (!header) return
  const seconds = Number(header)
  const wait = seconds >= 0 ? seconds * 1000 : Date.parse(header) - now
  return wait >= 0 ? Math.min(wait, MAX_RETRY_AFTER_MS) : undefined
}

/** A request takes this long at most: on a slow line, less than half of it for the largest body. */
const TIMEOUT_MS = 20_000

/**
 * A text body is sent as `text/plain;charset=UTF-8` in `cors` mode, which needs no preflight. `puzzled` is called with the
 * status of a reply that is neither the collector's nor a sign of overload.
 */
export function createPost(deps: {
  endpoint: string
  fetch: typeof fetch
  now: () => number
  puzzled: (status: number) => void
}): Post {
  const exchange = async (body: string, keepalive: boolean, signal: AbortSignal): Promise<Outcome> => {
    // Without a prototype, to which libraries add.
    const init = { __proto__: null, method: 'POST', body, keepalive, credentials: 'include', signal } as RequestInit
    const reply = await deps.fetch(deps.endpoint, init)
    const { status } = reply
    if (status === 413) return { kind: 'too_large' }
    if (status !== 429 && status < 500) {
      const said: Partial<WireReply> & { code?: string } = Object(await reply.json().catch(() => null))
      if (status === 202 && said.accepted! >= 0) {
        return { kind: 'done', visitor: said.visitor || null, rejected: said.rejected || [] }
      }
      const isProblem = /problem\+json/.test(reply.headers.get('Content-Type')!) && said.code
      if (isProblem && /40[013]|415/.test(`${status}`)) return { kind: 'refused', status }
      deps.puzzled(status)
    }
    return { kind: 'retry', afterMs: retryAfterMs(reply.headers.get('Retry-After'), deps.now()) }
  }
  return (body, keepalive) =>
    new Promise((resolve) => {
      const abort = new AbortController()
      // No network, a cut connection, a blocked request, or none that ever ends: fetch does not say which.
      const fail = () => resolve({ kind: 'retry' })
      setTimeout(() => {
        fail()
        abort.abort()
      }, TIMEOUT_MS)
      exchange(body, keepalive, abort.signal).then(resolve, fail)
    })
}
