/**
 * What an erased contact did on a device that others use too, and what arrived too late to be deleted with the rest.
 * Anything in one of the contact's stretches is removed as it arrives; so is what follows the end of one, as far as it
 * happened before the erasure. What the device does after the erasure stays, as an anonymous person's.
 */
import { itemAt } from './lookup.ts'

/** The prefix of the ids of bare logouts, which stand where an erased stretch was seen to end. */
export const ERASED_END = 'erased-end-'

/** When the contact had the device, ends included, and when the contact was erased. */
export type ErasedStretch = { from: number; to: number; erasedAt: number }

type Moment = { id: string; at: number; reset: boolean }

/** Whether a time lies in one of the stretches. */
export function isInside(at: number, stretches: readonly { from: number; to: number }[]): boolean {
  return stretches.some(({ from, to }) => at >= from && at <= to)
}

/** The stretches without these times, which belong to others. */
export function cutAt<T extends { from: number; to: number }>(stretches: T[], times: number[]): T[] {
  const cuts = [...new Set(times)].sort((a, b) => a - b)
  return stretches.flatMap((stretch) => {
    const ends = cuts.filter((at) => at >= stretch.from && at <= stretch.to)
    const parts = [...ends, stretch.to + 1].map((end, i) => {
      return { ...stretch, from: i === 0 ? stretch.from : itemAt(ends, i - 1) + 1, to: end - 1 }
    })
    return parts.filter(({ from, to }) => from <= to)
  })
}

/**
 * Which moments follow the end of an erased stretch without a pause, a claim or another logout in between: they belong
 * to the erased contact, and no link reaches back to them. `claims` has the ids of claims that count.
 */
export function tailsOfErased(moments: Moment[], claims: { has(id: string): boolean }, sessionMs: number): boolean[] {
  let inTail = false
  return moments.map(({ id, at, reset }, i) => {
    if (reset) inTail = id.startsWith(ERASED_END)
    else if (inTail) inTail = !claims.has(id) && at - itemAt(moments, i - 1).at < sessionMs
    return inTail
  })
}

/**
 * The stretches in which such moments must be erased too: those before the erasure. `moments` must not contain any that
 * lie in an erased stretch.
 */
export function tailStretches(
  moments: Moment[],
  claims: { has(id: string): boolean },
  sessionMs: number,
  erased: ErasedStretch[],
): ErasedStretch[] {
  const found: ErasedStretch[] = []
  let erasedAt = Number.NEGATIVE_INFINITY
  let current: ErasedStretch | null = null
  const tails = tailsOfErased(moments, claims, sessionMs)
  for (const [i, { at, reset }] of moments.entries()) {
    if (reset || !tails[i]) {
      current = null
      erasedAt = Math.max(...erased.filter(({ to }) => to === at).map((each) => each.erasedAt))
    } else if (at <= erasedAt) {
      if (current === null) {
        current = { from: at, to: at, erasedAt }
        found.push(current)
      }
      current.to = at
    }
  }
  return found
}
