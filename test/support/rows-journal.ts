/** A journal for landing in tests that need no file of one: its rows are handed in as they are at each look. */
import type { LandJournal } from '../../server/land/land.ts'

/** A journal of one opening whose rows `read` yields. */
export function journalOfRows(journalId: string, read: LandJournal['read']): LandJournal {
  return {
    identity: () => ({ journalId, newest: Number.MAX_SAFE_INTEGER, first: 1, oldest: 1 }),
    openingOf: (position) => (position === 0 ? '' : 'the only one'),
    read: (after, maxEvents) => read(after, maxEvents),
  }
}
