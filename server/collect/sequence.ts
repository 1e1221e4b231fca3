/**
 * The order of events with one time. Servers write several in a millisecond, and browsers send each in a request of its
 * own. Ties in time are broken by id, which is random; so where ids say otherwise than the order of arrival, the later
 * event is kept a millisecond later.
 */

/** An event's time as it was corrected, and as it is kept. */
export type Placed = { corrected: number; at: number; id: string }

/** The time of an event that follows another. An event that happened before the other keeps its own time. */
export function timeAfter(last: Placed | null | undefined, corrected: number, id: string): number {
  if (!last || corrected < last.corrected || corrected > last.at) return corrected
  return id > last.id ? last.at : last.at + 1
}

/** Gives an event of a visitor its time, after the one that was placed before. */
export type Sequence = (visitor: string, corrected: number, id: string) => number

/** Remembers the last event of each of `visitors` visitors at least, and of twice as many at most. */
export function createSequence(visitors = 20_000): Sequence {
  let recent = new Map<string, Placed>()
  let earlier = new Map<string, Placed>()
  return (visitor, corrected, id) => {
    const at = timeAfter(recent.get(visitor) ?? earlier.get(visitor), corrected, id)
    if (recent.size >= visitors) {
      earlier = recent
      recent = new Map()
    }
    recent.set(visitor, { corrected, at, id })
    return at
  }
}
