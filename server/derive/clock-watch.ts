/**
 * Memberships depend on the current time, so a clock that ran ahead starts and ends some of them too early. When the
 * clock is set back, all persons are marked for re-evaluation; this is rare and costs one pass over them. The same
 * happens if a membership starts in the future at startup: the clock was corrected while the server was down.
 */
import type { Kysely } from 'kysely'
import { hasFutureMembers } from '../segments/members.ts'
import { markAllPersons } from '../store/persons.ts'
import type { Database } from '../store/schema.ts'

/** Smaller corrections happen all the time, and any edge crossed too early by less than this has passed by now. */
const TOLERANCE_MS = 1000

/** A clock watch. Everything that judges memberships asks its `now`, so that no time they were judged by goes unnoticed. */
export type ClockWatch = {
  now(): number
  /** Marks all persons if the clock was set back since the last call. */
  check(): Promise<void>
}

/** Creates a clock watch. */
export function createClockWatch({ db, now }: { db: Kysely<Database>; now: () => number }): ClockWatch {
  let latest: number | null = null
  return {
    now() {
      const time = now()
      // A clock that runs ahead between two checks may have ended memberships, too.
      if (latest !== null) latest = Math.max(latest, time)
      return time
    },
    async check() {
      const time = now()
      const wasAhead = latest === null ? await hasFutureMembers(db, time + TOLERANCE_MS) : time < latest - TOLERANCE_MS
      // `latest` moves only after marking succeeds, so that a failed attempt is retried.
      if (wasAhead) await markAllPersons(db)
      latest = wasAhead ? time : Math.max(latest ?? time, time)
    },
  }
}
