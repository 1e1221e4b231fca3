/**
 * How often passwords may be tried: an address may be wrong a few times in a row and then once in a while, and a name that
 * is tried often, from wherever, is answered more slowly. No number of wrong attempts elsewhere keeps anybody out, and what
 * is remembered is bounded and never written.
 */
import { senderAddress, truncateAddress } from '../collect/stamp.ts'
import { MAX_USER_NAME } from '../domain/user.ts'

/** Wrong attempts in a row, and how often another one is allowed then: for an address, and for a /48 of IPv6. */
const ADDRESS = { burst: 10, everyMs: 6000 }
const NETWORK = { burst: 50, everyMs: 1200 }

/** So many wrong attempts at a name are free; each further one doubles the pause before an answer, up to the longest. */
const FREE = 5
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 4000

/** Wrong attempts at a name are forgotten after so long without one. */
const FORGET_MS = 15 * 60_000

/** Beyond this many addresses and names, the oldest are forgotten. Of a name only as much is remembered as users have. */
const MAX_REMEMBERED = 10_000

type Bucket = { tokens: number; at: number }

/** Creates a limit. `now` is a steady clock in milliseconds. */
export function createSignInLimit(now: () => number) {
  const buckets = new Map<string, Bucket>()
  const names = new Map<string, { wrong: number; at: number }>()

  const bucketsOf = (address: string | null) => {
    const own = address === null ? '' : senderAddress(address)
    const network = address?.includes(':') ? truncateAddress(address) : null
    return [[own, ADDRESS] as const, ...(network === null ? [] : [[network, NETWORK] as const])]
  }
  const filled = (key: string, { burst, everyMs }: typeof ADDRESS): Bucket => {
    const { tokens, at } = buckets.get(key) ?? { tokens: burst, at: now() }
    return { tokens: Math.min(burst, tokens + (now() - at) / everyMs), at: now() }
  }

  return {
    /** Counts an attempt from an address. Returns 0, or after how many seconds it may be made. */
    take(address: string | null): number {
      const own = bucketsOf(address).map(([key, limit]) => ({ key, limit, bucket: filled(key, limit) }))
      const waitsMs = own.map(({ bucket, limit }) => Math.max(0, 1 - bucket.tokens) * limit.everyMs)
      const waitMs = Math.max(...waitsMs)
      if (waitMs > 0) return Math.ceil(waitMs / 1000)
      for (const { key, bucket } of own) remember(buckets, key, { ...bucket, tokens: bucket.tokens - 1 })
      return 0
    },
    /** How long the answer to an attempt at a name waits. */
    pauseMs(name: string): number {
      const known = names.get(keyOf(name))
      if (!known || now() - known.at > FORGET_MS || known.wrong < FREE) return 0
      return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (known.wrong - FREE))
    },
    /** Notes a wrong attempt. */
    wrong(name: string): void {
      const known = names.get(keyOf(name))
      const before = known && now() - known.at <= FORGET_MS ? known.wrong : 0
      remember(names, keyOf(name), { wrong: before + 1, at: now() })
    },
    /** Notes a right attempt, which does not count. What is known of the name stays, or it would tell of the user. */
    right(address: string | null): void {
      for (const [key, limit] of bucketsOf(address)) {
        const bucket = filled(key, limit)
        remember(buckets, key, { ...bucket, tokens: Math.min(limit.burst, bucket.tokens + 1) })
      }
    },
  }
}

const keyOf = (name: string) => name.slice(0, MAX_USER_NAME)

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= MAX_REMEMBERED) return
  const [oldest] = map.keys()
  if (oldest !== undefined) map.delete(oldest)
}
