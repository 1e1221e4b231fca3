/**
 * The order of events with one time. Servers write several in a millisecond, and browsers send each in a request of its
 * own, some of them again. Ties in time are broken by id, which is random; so where ids say otherwise than what is known of
 * the order, an event is kept a millisecond later, or earlier.
 */
import { byTimeThenId } from '../domain/event.ts'

/** An event's time as it was corrected, and as it is kept. */
export type Placed = { corrected: number; at: number; id: string }

/** The time of an event that follows another. An event that happened before the other keeps its own time. */
export function timeAfter(last: Placed | null | undefined, corrected: number, id: string): number {
  if (!last || corrected < last.corrected || corrected > last.at) return corrected
  return behind(last, id)
}

/**
 * Gives an event of a visitor its time among those that were placed before. Events of one request, which is known by its
 * identity, keep their order; those of others follow each other as carts do, else in order of arrival. An event that is
 * sent again keeps its time.
 */
export type Sequence = (visitor: string, request: object, event: { id: string; type: string; at: number }) => number

/** A cart's events in the order in which they follow each other. Others may stand anywhere. */
const STEPS = [
  ...['add_to_cart', 'remove_from_cart', 'view_cart', 'begin_checkout', 'add_shipping_info', 'add_payment_info'],
  ...['purchase', 'refund'],
]

/** How many events of a visitor are remembered: no visitor does more in a millisecond, except within a request. */
const KEPT = 8

type Known = Placed & { request: object; step: number }

/** Remembers the last events of `visitors` visitors at least, and of twice as many at most. */
export function createSequence(visitors = 10_000): Sequence {
  let recent = new Map<string, Known[]>()
  let earlier = new Map<string, Known[]>()
  return (visitor, request, { id, type, at: corrected }) => {
    const known = recent.get(visitor) ?? earlier.get(visitor) ?? []
    const repeated = known.find((each) => each.id === id && each.corrected === corrected)
    if (repeated) return repeated.at
    const step = STEPS.indexOf(type)
    const at = timeAmong(known, request, corrected, id, step)
    if (recent.size >= visitors) {
      earlier = recent
      recent = new Map()
    }
    recent.set(visitor, [...known.slice(1 - KEPT), { request, corrected, at, id, step }])
    return at
  }
}

function timeAmong(known: Known[], request: object, corrected: number, id: string, step: number): number {
  const near = known.filter(
    (each) => each.corrected === corrected || (each.corrected < corrected && corrected <= each.at),
  )
  const own = near.findLast((each) => each.request === request)
  if (own) return own.corrected === corrected ? behind(own, id) : timeAfter(own, corrected, id)
  // Steps are a millisecond apart from the first that arrived, so that each finds its place whenever it arrives.
  const first = step < 0 ? undefined : near.find((each) => each.corrected === corrected && each.step >= 0)
  if (first) return first.at + step - first.step
  return timeAfter(near.toSorted(byTimeThenId).at(-1), corrected, id)
}

function behind(last: Placed, id: string): number {
  return id > last.id ? last.at : last.at + 1
}
