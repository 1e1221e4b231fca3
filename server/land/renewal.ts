/**
 * Asks the journal for a new id where its cursor is another's, and passes on what the operator should know. The journal
 * takes the new id after a moment; until then the same is found again, and reported once.
 */
import { type Notice, noticeText } from './notice.ts'

/** Makes it. */
export function createRenewal(deps: {
  onNotice: (notice: Notice, text: string) => void
  renew: (journalId: string) => void
}) {
  /** The journal that was asked to take a new id. */
  let renewing = ''
  return {
    /** Reports the notices of a batch. Returns whether its journal is to take a new id, and nothing of it is to be landed. */
    note({ journalId, notices }: { journalId: string; notices: Notice[] }): boolean {
      for (const notice of notices) {
        // A journal that has just taken a new id is new to the store, which needs no report.
        if (notice.kind === 'new journal' ? renewing !== '' : renewing === journalId) continue
        if (notice.kind === 'foreign cursor') renewing = journalId
        deps.onNotice(notice, noticeText(notice))
      }
      if (renewing !== journalId) return false
      deps.renew(journalId)
      return true
    },
  }
}
