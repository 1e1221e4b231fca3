/**
 * How much one client address may send: an in-memory token bucket per address, or per /64 of IPv6. Loopback is not limited, because such
 * requests come from a proxy on this machine and not from a client; set `TRUST_PROXY` to tell the clients behind it
 * apart. Addresses are kept for a minute and never written.
 */
import { senderAddress } from './stamp.ts'

/** Requests per second that an address may sustain, and its largest burst. A whole office of the shop may share one. */
const RATE = 50
const BURST = 500

/** Beyond this many addresses, the oldest are forgotten. */
const MAX_ADDRESSES = 100_000

/** Decides whether a request may pass: null, or the seconds until it may be retried. */
export type RateLimit = (address: string | null, now: number) => number | null

/** Creates a limiter. `isLoopback` recognises this machine's own addresses. */
export function createRateLimit(isLoopback: (address: string) => boolean): RateLimit {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return (address, now) => {
    if (address === null || isLoopback(address)) return null
    const sender = senderAddress(address)
    const bucket = buckets.get(sender) ?? { tokens: BURST, at: now }
    // A clock that was set back must not cost tokens.
    const elapsedMs = Math.max(0, now - bucket.at)
    const tokens = Math.min(BURST, bucket.tokens + (elapsedMs / 1000) * RATE)
    buckets.delete(sender)
    const passes = tokens >= 1
    buckets.set(sender, { tokens: passes ? tokens - 1 : tokens, at: now })
    if (buckets.size > MAX_ADDRESSES) {
      const [oldest] = buckets.keys()
      if (oldest !== undefined) buckets.delete(oldest)
    }
    return passes ? null : Math.max(1, Math.ceil((1 - tokens) / RATE))
  }
}
