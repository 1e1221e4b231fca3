/**
 * How far landing is, as it is reported to the journal. What landed may leave the journal only once it is flushed to
 * disk, which is expensive and so happens now and then.
 */

/** How often what landed is flushed to disk. */
const FLUSH_EVERY_MS = 2000

/** Where nothing is landed the journal still hears how far landing is, so that it forgets in time. */
const REPORT_AGAIN_MS = 60_000

/** Up to where entries of a journal have landed, up to where that is on disk, and how late the last of them was. */
export type Progress = { journalId: string; position: number; flushed: number; lagMs: number }

/** Makes the reports. `flush` returns once all that was landed is on disk; `now` is the journal's clock. */
export function createProgress(deps: { flush: () => void; report: (progress: Progress) => void; now: () => number }) {
  let last = { journalId: '', position: -1, flushed: -1, at: 0, flushedAt: Number.NEGATIVE_INFINITY }
  return {
    /** Up to where entries have landed, by the last report; -1 before the first. */
    position: () => last.position,
    /** Notes a batch, and reports it if it is news. `at`: when its last entry was appended. Returns the lag. */
    note({ journalId, position, at }: { journalId: string; position: number; at: number | null }): number {
      const time = deps.now()
      const lagMs = at === null ? 0 : Math.max(0, time - at)
      // Of another journal, or of a store that was brought back from a backup, nothing is known to be on disk.
      const same = journalId === last.journalId && position >= last.flushed
      let { flushed, flushedAt } = same ? last : { flushed: -1, flushedAt: Number.NEGATIVE_INFINITY }
      if (flushed < position && time - flushedAt >= FLUSH_EVERY_MS) {
        deps.flush()
        flushed = position
        flushedAt = time
      }
      const news = !same || position !== last.position || flushed !== last.flushed
      if (news || time - last.at > REPORT_AGAIN_MS) {
        last = { journalId, position, flushed, at: time, flushedAt }
        deps.report({ journalId, position, flushed, lagMs })
      }
      return lagMs
    },
  }
}
