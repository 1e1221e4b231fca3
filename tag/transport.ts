/**
 * One request to the collector and what its reply means. The queue acts on that meaning alone, so every status is
 * classified here and nowhere else: only a 2xx means that events are on disk. It never throws.
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

/** A text body is sent as `text/plain;charset=UTF-8` in `cors` mode, which needs no preflight. */
export function createPost(deps: { endpoint: string; fetch: typeof fetch; now: () => number }): Post {
  return async (body, keepalive) => {
    try {
      const reply = await deps.fetch(deps.endpoint, { method: 'POST', body, keepalive, credentials: 'include' })
      const { status } = reply
      if (reply.ok) {
        // The events are on disk even if the rest of the reply is cut off or altered in transit.
        const body: Partial<WireReply> = Object(await reply.json().catch(() => null))
        return { kind: 'done', visitor: body.visitor || null, rejected: body.rejected || [] }
      }
      if (status === 413) return { kind: 'too_large' }
      if (status === 429 || status >= 500) {
        return { kind: 'retry', afterMs: retryAfterMs(reply.headers.get('Retry-After'), deps.now()) }
      }
      return { kind: 'refused', status }
    } catch {
      // No network, a cut connection, a blocked request: fetch does not say which.
      return { kind: 'retry' }
    }
  }
}
