/**
 * How much one client address may send: a token bucket in memory for each. Loopback is not limited, for what comes
 * from there is a proxy on this machine and not a client; set `TRUST_PROXY` so that the clients behind it are told
 * apart. Addresses are kept for a minute and never written.
 */

/** Requests a second that an address may sustain, and how many at once. A shop's whole office may share one. */
const RATE = 50
const BURST = 500

/** Beyond this many addresses in a minute, the oldest are forgotten. */
const MAX_ADDRESSES = 100_000

/** Asks whether a request may pass: null, or after how many seconds it may be tried again. */
export type RateLimit = (address: string | null, now: number) => number | null

/** A limiter of its own. `isLoopback` tells this machine's own addresses. */
export function createRateLimit(isLoopback: (address: string) => boolean): RateLimit {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return (address, now) => {
    if (address === null || isLoopback(address)) return null
    const bucket = buckets.get(address) ?? { tokens: BURST, at: now }
    // A clock that was set back takes nothing away.
    const elapsedMs = Math.max(0, now - bucket.at)
    const tokens = Math.min(BURST, bucket.tokens + (elapsedMs / 1000) * RATE)
    buckets.delete(address)
    const passes = tokens >= 1
    buckets.set(address, { tokens: passes ? tokens - 1 : tokens, at: now })
    if (buckets.size > MAX_ADDRESSES) buckets.delete(buckets.keys().next().value!)
    return passes ? null : Math.max(1, Math.ceil((1 - tokens) / RATE))
  }
}
