/**
 * Retention: at startup and about hourly, a sweep removes data that has expired. A sweep consists of many short steps,
 * each one transaction, so that landing and deriving continue in between. Visitors' rows say when they are due
 * (`expire_at`), so a sweep with nothing to do costs one query.
 */

import type { Kysely } from 'kysely'
import { itemAt } from '../domain/lookup.ts'
import { PROOF_MS, staysAsMoment, tooOldAt } from '../domain/retention.ts'
import { defaultSettings, type Site } from '../domain/settings.ts'
import { removeDeadLetters } from '../store/dead-letters.ts'
import { transact } from '../store/engine/transact.ts'
import { removeOldImportChanges } from '../store/imports.ts'
import { removeOldQuality } from '../store/quality.ts'
import { expiredVisitors, type Floor, removeExpired, removeProofs, type SweepPosition } from '../store/retention.ts'
import type { Database } from '../store/schema.ts'
import { removeOldChanges } from '../store/segment-changes.ts'
import { listSites } from '../store/sites.ts'
import { removeSpentLogins } from '../store/token-uses.ts'

/** The time between the last step of one sweep and the start of the next. */
const SWEEP_EVERY_MS = 3600_000

/** Limits of one step, which takes a few tens of milliseconds. */
const VISITORS = 50
const EVENTS = 500

const BEGINNING: SweepPosition = { expireAt: Number.MIN_SAFE_INTEGER, visitorId: '' }

/** Runs sweeps. `step` returns whether there is more to do right away. */
export type Retention = { step(): Promise<boolean> }

/** The dependencies of retention. */
export type RetentionDeps = { db: Kysely<Database>; now: () => number }

/** Creates a retention that keeps the position of its sweep between steps. */
export function createRetention({ db, now }: RetentionDeps): Retention {
  let nextSweepAt = Number.MIN_SAFE_INTEGER
  let after: SweepPosition | null = null

  const floorsAt = (time: number, sites: Site[]): Floor[] => [
    ...[...Map.groupBy(sites, (site) => site.settings.retention_months).values()].map((alike) => ({
      sites: alike.map((site) => site.id),
      before: tooOldAt(time, itemAt(alike, 0).settings),
    })),
    { sites: null, before: tooOldAt(time, defaultSettings()) },
  ]

  const endSweep = async (time: number) => {
    if ((await transact(db, (trx) => removeProofs(trx, time, EVENTS))) > 0) return true
    if ((await removeOldImportChanges(db, time, EVENTS)) > 0) return true
    if (await removeOldChanges(db, time, EVENTS)) return true
    const oldest = Math.min(...floorsAt(time, await listSites(db)).map((floor) => floor.before))
    await transact(db, (trx) => removeSpentLogins(trx, oldest))
    await removeDeadLetters(db, oldest)
    await removeOldQuality(db, time)
    after = null
    nextSweepAt = time + SWEEP_EVERY_MS
    return false
  }

  return {
    async step() {
      // One time for all of a step: if the clock is set meanwhile, the next sweep is still due by what this one removed.
      const time = now()
      if (time < nextSweepAt) return false
      after ??= BEGINNING
      const due = await expiredVisitors(db, time, after, VISITORS)
      const last = due.at(-1)
      if (last === undefined) return endSweep(time)
      const floors = floorsAt(time, await listSites(db))
      const { complete } = await transact(db, (trx) =>
        removeExpired(trx, {
          visitorIds: due.map((visitor) => visitor.visitorId),
          floors,
          staysAsMoment,
          limit: EVENTS,
          proofUntil: time + PROOF_MS,
        }),
      )
      if (complete) after = last
      return true
    },
  }
}
