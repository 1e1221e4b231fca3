/**
 * Limits requests and their unpacked bytes before their content is looked at: by the secret key that a request carries, or
 * else by its address. Loopback is not limited, because such requests come from a proxy on this machine and not from a
 * client; `TRUST_PROXY` tells the clients behind it apart. Addresses are kept in memory only.
 */
import { createBuckets } from './limits.ts'
import { senderAddress } from './stamp.ts'

/** Lets a request pass or throws its 429. Returns how to charge the sender for the bytes of its body, once read. */
export type RateLimit = (
  sender: { address: string | null; keyHash: string | null },
  now: number,
) => (bytes: number) => void

/** Creates a limiter. `isLoopback` recognises this machine's own addresses. */
export function createRateLimit(isLoopback: (address: string) => boolean): RateLimit {
  const [addresses, keys] = [createBuckets('address'), createBuckets('key')]
  return ({ address, keyHash }, now) => {
    if (address === null || isLoopback(address)) return () => {}
    const [buckets, holder] =
      keyHash === null ? ([addresses, senderAddress(address)] as const) : ([keys, keyHash] as const)
    buckets.check(holder, now, 'requests', 'bytes')
    buckets.take(holder, 'requests', 1)
    return (bytes) => buckets.take(holder, 'bytes', bytes)
  }
}
