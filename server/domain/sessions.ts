/** Sessions of a visitor: events with gaps shorter than `session_minutes` by corrected time; a reset ends a session. */

/** One event of the visitor, as sessions see it. */
type Moment = { at: number; reset: boolean }

/** The number of each moment's session. */
export function numberSessions(moments: Moment[], sessionMs: number): number[] {
  let session = 0
  return moments.map((moment, i) => {
    const before = moments[i - 1]
    if (before && (before.reset || moment.at - before.at >= sessionMs)) session++
    return session
  })
}

/** The first moment of the session of moment `i`, not before `bound`. */
export function firstOfSession(sessions: number[], i: number, bound: number): number {
  let first = i
  while (first > bound && sessions[first - 1] === sessions[i]) first--
  return first
}
