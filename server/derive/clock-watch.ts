/**
 * Memberships change by time alone, so a clock that was ahead has given and ended some before their time. When it is
 * set back all persons are marked to be judged again; that is rare, and costs a pass over them. The same if at the
 * start some membership has begun in the future: the clock was put right while nothing ran.
 */
import type { Kysely } from 'kysely'
import { hasFutureMembers } from '../segments/members.ts'
import { markAllPersons } from '../store/persons.ts'
import type { Database } from '../store/schema.ts'

/** Clocks are set back by less than this all the time, and an edge that was crossed by less has been crossed by now. */
const TOLERANCE_MS = 1000

/** A watch of its own. `look` marks what a clock that was set back has made wrong. */
export function createClockWatch({ db, now }: { db: Kysely<Database>; now: () => number }): {
  look(): Promise<void>
} {
  let latest: number | null = null
  return {
    async look() {
      const time = now()
      const wasAhead = latest === null ? await hasFutureMembers(db, time + TOLERANCE_MS) : time < latest - TOLERANCE_MS
      // Only after the marks are there: what fails is tried again.
      if (wasAhead) await markAllPersons(db)
      latest = wasAhead ? time : Math.max(latest ?? time, time)
    },
  }
}
