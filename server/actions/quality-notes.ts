/**
 * Writes what the threads counted to the store, one batch after the other, and says once in the log when a site's events
 * come without consent. While the store is away the counts wait in memory, where they cannot grow.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { type Arrived, consentSentence, type Door, lacksConsent, type QualityProblem } from '../domain/quality.ts'
import { createQualityTally, type Tallied } from '../domain/quality-tally.ts'
import { isPassing } from '../store/engine/transact.ts'
import { addQuality, arrivedLately } from '../store/quality.ts'
import type { Database } from '../store/schema.ts'

/** What the notes need. */
export type QualityNotesDeps = {
  db: Kysely<Database>
  now: () => number
  /** Adds to the metrics. */
  count: (problem: QualityProblem, n: number) => void
  /** Told once for each site and door, and again after it had been well. */
  onMissingConsent: (missing: { site: string; door: Door }, sentence: string) => void
  onError: (error: unknown) => void
}

/** How long after the first events without consent they are judged, so that the log does not tell of the first three only. */
const JUDGE_AFTER_MS = 3000

/** Creates the writer. `settled` ends it, and resolves when all that was added is written, or cannot be. */
export function createQualityNotes({ db, now, count, onMissingConsent, onError }: QualityNotesDeps) {
  const waiting = createQualityTally()
  const missing = new Set<string>()
  let writing: Promise<void> | null = null
  let judging: Promise<void> | null = null
  const stopping = new AbortController()

  const judge = (arrived: Arrived) => {
    const key = `${arrived.site} ${arrived.door}`
    if (!lacksConsent(arrived)) missing.delete(key)
    else if (!missing.has(key)) {
      missing.add(key)
      onMissingConsent({ site: arrived.site, door: arrived.door }, consentSentence(arrived))
    }
  }
  const judgeSoon = async () => {
    await sleep(JUDGE_AFTER_MS, undefined, { ref: false, signal: stopping.signal }).catch(() => {})
    if (stopping.signal.aborted) return
    await arrivedLately(db, now())
      .then((arrived) => arrived.forEach(judge))
      .catch((error: unknown) => isPassing(error) || onError(error))
  }
  const write = async () => {
    for (let counted = waiting.take(); counted !== null; counted = waiting.take()) {
      try {
        await addQuality(db, counted)
      } catch (error) {
        if (!isPassing(error)) return onError(error)
        // Written with what is counted next.
        waiting.add(counted)
        return
      }
      const isSuspect = counted.arrivals.some((row) => row.without_consent > 0) || missing.size > 0
      if (isSuspect) judging ??= judgeSoon().finally(() => (judging = null))
    }
  }
  return {
    add(counted: Tallied): void {
      for (const row of counted.problems) count(row.problem, row.count)
      waiting.add(counted)
      writing ??= write()
        .catch(onError)
        .finally(() => {
          writing = null
        })
    },
    async settled(): Promise<void> {
      stopping.abort()
      await Promise.all([writing, judging])
    },
  }
}
