/**
 * What somebody who was erased did on a device that others use too, and what was learned too late to go with him. What lies
 * in a stretch of his goes as it comes; so does what follows its end, as far as he did it before he was erased. What the
 * device does after the erasure stays as nobody's.
 */

/** How the id of a bare logout begins that stands where an erased stretch was seen to end. */
export const ERASED_END = 'erased-end-'

/** When he had the device, ends included, and when he was erased. */
export type ErasedStretch = { from: number; to: number; erasedAt: number }

type Moment = { id: string; at: number; reset: boolean }

/** Whether a time lies in one of the stretches. */
export function isInside(at: number, stretches: readonly { from: number; to: number }[]): boolean {
  return stretches.some(({ from, to }) => at >= from && at <= to)
}

/** The stretches without these times, which were others'. */
export function cutAt<T extends { from: number; to: number }>(stretches: T[], times: number[]): T[] {
  const cuts = [...new Set(times)].sort((a, b) => a - b)
  return stretches.flatMap((stretch) => {
    const ends = cuts.filter((at) => at >= stretch.from && at <= stretch.to)
    const parts = [...ends, stretch.to + 1].map((end, i) => {
      return { ...stretch, from: i === 0 ? stretch.from : ends[i - 1]! + 1, to: end - 1 }
    })
    return parts.filter(({ from, to }) => from <= to)
  })
}

/**
 * Which moments follow the end of an erased stretch without a pause, a claim or another logout between: they are his,
 * and nobody's link reaches back to them. `claims` has the ids of claims that count.
 */
export function tailsOfErased(moments: Moment[], claims: { has(id: string): boolean }, sessionMs: number): boolean[] {
  let inTail = false
  return moments.map(({ id, at, reset }, i) => {
    if (reset) inTail = id.startsWith(ERASED_END)
    else if (inTail) inTail = !claims.has(id) && at - moments[i - 1]!.at < sessionMs
    return inTail
  })
}

/**
 * As what stretches such moments are to be erased too: those from before the erasure. Moments that lie in an erased
 * stretch are not to be among them.
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
