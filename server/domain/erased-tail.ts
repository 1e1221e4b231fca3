/**
 * What somebody who was erased still did on a device that others use too, and what was learned too late to go with him.
 * It stays as nobody's.
 */

/** How the id of a bare logout begins that stands where an erased stretch was seen to end. */
export const ERASED_END = 'erased-end-'

/**
 * Which moments follow the end of an erased stretch without a pause, a claim or another logout between: they are his,
 * and nobody's link reaches back to them. `claims` has the ids of claims that count.
 */
export function tailsOfErased(
  moments: { id: string; at: number; reset: boolean }[],
  claims: { has(id: string): boolean },
  sessionMs: number,
): boolean[] {
  let inTail = false
  return moments.map(({ id, at, reset }, i) => {
    if (reset) inTail = id.startsWith(ERASED_END)
    else if (inTail) inTail = !claims.has(id) && at - moments[i - 1]!.at < sessionMs
    return inTail
  })
}
