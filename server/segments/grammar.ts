/**
 * The segment grammar: a closed condition on a person, as JSON. It is data and never code; `store/segment-query`
 * compiles it to SQL. A membership changes when something about the person changes or when time crosses an edge.
 */

/** A length of time in people's words: `90s`, `30m`, `1h`, `7d`. */
export type Duration = string

/** One condition. An object has exactly one of the keys. */
export type SegmentNode =
  | { all: SegmentNode[] }
  /** The person's open cart. `abandoned`: untouched for the site's `cart_idle_minutes`. */
  | { cart: { state?: 'open' | 'abandoned'; idle?: { min?: Duration; max?: Duration } } }
  /** `mail`: the contact's permission; the others: what every visitor of the person allows now. */
  | { consent: { mail?: boolean; identity?: boolean; marketing?: boolean } }
  /** Known contact or not. */
  | { matched: boolean }

/** A saved definition. */
export type SegmentDefinition = { id: string; name: string; node: SegmentNode }

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3600_000, d: 24 * 3600_000 }

/** The form of a duration. */
const DURATION_PATTERN = /^(\d{1,6})([smhd])$/

/** Milliseconds of a duration that has the right form. */
export function durationMs(duration: Duration): number {
  const [, count, unit] = DURATION_PATTERN.exec(duration) ?? []
  if (count === undefined) throw new Error(`a duration must look like 90s, 30m, 1h or 7d (got "${duration}")`)
  return Number(count) * UNITS[unit!]!
}

/** The segments that every installation has from its first start. */
export const PRESETS: SegmentDefinition[] = [
  {
    id: 'cart_abandoned',
    name: 'Cart abandoned',
    node: { cart: { state: 'abandoned', idle: { max: '7d' } } },
  },
]
