/**
 * Sessions of a visitor: events with pauses shorter than `session_minutes` by corrected time; a reset ends a session. On
 * a shared device shorter pauses end one too, because somebody else may sit down in the meantime.
 */

/** The pause that ends a session on a shared device, and on one with so many contacts that it stands in public. */
const SHARED_PAUSE_MS = 10 * 60_000
const CROWDED_PAUSE_MS = 5 * 60_000
const CROWDED_FROM = 4

/** One event of the visitor, as sessions see it. */
type Moment = { at: number; reset: boolean }

/** The pause that ends a session on a device that `sharedBy` contacts have proven to use. */
export function pauseOn({ shared, sharedBy }: { shared: boolean; sharedBy: number }, sessionMs: number): number {
  if (!shared) return sessionMs
  return Math.min(sessionMs, sharedBy >= CROWDED_FROM ? CROWDED_PAUSE_MS : SHARED_PAUSE_MS)
}

/** The number of each moment's session. */
export function numberSessions(moments: Moment[], pauseMs: number): number[] {
  let session = 0
  return moments.map((moment, i) => {
    const before = moments[i - 1]
    if (before && (before.reset || moment.at - before.at >= pauseMs)) session++
    return session
  })
}

/** The first moment of the session of moment `i`, not before `bound`. */
export function firstOfSession(sessions: number[], i: number, bound: number): number {
  let first = i
  while (first > bound && sessions[first - 1] === sessions[i]) first--
  return first
}
