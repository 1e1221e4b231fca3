/**
 * How much of what anybody can send the collector takes: from one address, for one site, and under one secret key. A shop
 * on its busiest day stays below, also where an office or a mobile carrier puts many customers behind one address. Whoever
 * does not gets 429 with `Retry-After`, which tags and SDKs wait for, so that nothing is lost.
 *
 * Each limit is a bucket that holds `burst` and is refilled by `perS`. docs/operating.md lists them.
 */
import { Problem } from '../domain/problem.ts'

/** A limit, in its units and seconds. `says` is the sentence for a sender that has reached it. */
export type Limit = { perS: number; burst: number; says: string }

const MINUTE_S = 60
const MIB = 1024 * 1024

/** The limits by whom they concern: an address (an IPv6 address by its /64), a site, a secret key. */
export const COLLECT_LIMITS = {
  address: {
    requests: { perS: 100, burst: 1000, says: 'an address may send 100 requests a second' },
    bytes: { perS: MIB, burst: 20 * MIB, says: 'an address may send 1 MiB a second, unpacked' },
    events: { perS: 200, burst: 10_000, says: 'an address may send 200 events a second' },
    visitors: { perS: 1000 / MINUTE_S, burst: 3000, says: 'an address may bring 1,000 new visitors a minute' },
    names: { perS: 100 / MINUTE_S, burst: 200, says: 'an address may use 100 new event names a minute' },
  },
  site: {
    bytes: { perS: 40 * MIB, burst: 800 * MIB, says: 'a site takes 40 MiB a second, unpacked' },
    events: { perS: 20_000, burst: 400_000, says: 'a site takes 20,000 events a second' },
    visitors: { perS: 3000, burst: 180_000, says: 'a site takes 180,000 new visitors a minute' },
    names: { perS: 1000 / MINUTE_S, burst: 1000, says: 'a site takes 1,000 new event names a minute' },
  },
  key: {
    requests: { perS: 1000, burst: 10_000, says: 'a secret key may send 1,000 requests a second' },
    bytes: { perS: 64 * MIB, burst: 640 * MIB, says: 'a secret key may send 64 MiB a second, unpacked' },
  },
} as const satisfies Record<string, Record<string, Limit>>

/** The header of a 429 that names the limit, such as `address_visitors`. */
export const LIMIT_HEADER = 'couture-limit'

type Scope = keyof typeof COLLECT_LIMITS

/** Buckets of many holders: addresses, sites or keys. */
export type Buckets<What extends string> = {
  /** Throws the 429 of the first of these limits that a holder has reached. */
  check(holder: string, now: number, ...what: What[]): void
  /** Takes from a holder's bucket, after a check. It may take more than is left, for which the holder waits later. */
  take(holder: string, what: What, n: number): void
}

/** A generation of holders is complete with this many. The last two are kept: a hostile sender has many addresses. */
const GENERATION = 50_000

/** What is left for a holder, of each limit, and as of when. */
type Bucket = { left: number[]; at: number }

/** Creates the buckets of a scope. */
export function createBuckets<S extends Scope>(scope: S): Buckets<keyof (typeof COLLECT_LIMITS)[S] & string> {
  type What = keyof (typeof COLLECT_LIMITS)[S] & string
  const limits: Record<string, Limit> = COLLECT_LIMITS[scope]
  const all = Object.values(limits)
  const places = new Map(Object.keys(limits).map((what, place) => [what, place]))
  const placeOf = (what: What) => places.get(what) ?? 0
  let recent = new Map<string, Bucket>()
  let earlier = new Map<string, Bucket>()

  /** Finds a holder's bucket, or fills a new one. To forget the oldest one by one would take longer the more there were. */
  const bucketOf = (holder: string, now: number): Bucket => {
    const known = recent.get(holder)
    if (known !== undefined) return known
    const bucket = earlier.get(holder) ?? { left: all.map(({ burst }) => burst), at: now }
    if (recent.size >= GENERATION) {
      earlier = recent
      recent = new Map()
    }
    recent.set(holder, bucket)
    return bucket
  }

  return {
    check(holder, now, ...what) {
      const bucket = bucketOf(holder, now)
      refill(bucket, all, now)
      for (const each of what) {
        const left = bucket.left[placeOf(each)] ?? 0
        if (left < 1) throw tooMuch(scope, each, left)
      }
    },
    take(holder, what, n) {
      const bucket = recent.get(holder) ?? earlier.get(holder)
      if (bucket !== undefined) bucket.left[placeOf(what)] = (bucket.left[placeOf(what)] ?? 0) - n
    },
  }
}

function refill(bucket: Bucket, limits: Limit[], now: number): void {
  // A clock that was set back must not cost anything.
  const elapsedS = Math.max(0, now - bucket.at) / 1000
  bucket.at = now
  if (elapsedS === 0) return
  for (const [place, { perS, burst }] of limits.entries()) {
    bucket.left[place] = Math.min(burst, (bucket.left[place] ?? 0) + elapsedS * perS)
  }
}

/** The 429 for a bucket that holds less than one. */
function tooMuch(scope: Scope, what: string, left: number): Problem {
  const limits: Record<string, Limit> = COLLECT_LIMITS[scope]
  const { perS = 1, says = '' } = limits[what] ?? {}
  const wait = Math.max(1, Math.ceil((1 - left) / perS))
  return new Problem(429, 'too_many_requests', `${says}; try again in ${wait} s`, {
    'retry-after': String(wait),
    [LIMIT_HEADER]: `${scope}_${what}`,
  })
}
