/**
 * Computes what the feed publishes: the difference between a contact's current match and the state last published.
 * Only the publisher appends changes, in one transaction with the state it published, so that a reader who follows
 * `seq` misses nothing and gets nothing twice.
 */
import type { Transaction } from 'kysely'
import { type ContactId, contactPerson } from '../domain/ids.ts'
import type { Change } from '../store/feed.ts'
import { type FeedState, isSameState, lacksOnlyGrades, stateOf } from '../store/feed-state.ts'
import type { MatchFacts } from '../store/match-facts.ts'
import type { Database } from '../store/schema.ts'
import { type Mark, markedAmong } from '../store/work/dirty.ts'

/**
 * The changes to publish for the given contacts, from their current matches and the states last published. `survivors`
 * maps each contact to the one that survives merging in the CRM.
 */
export function changesOf(
  contactIds: ContactId[],
  facts: Map<ContactId, MatchFacts>,
  published: Map<ContactId, FeedState>,
  survivors: Map<string, string>,
): Change[] {
  return contactIds.flatMap((contactId) => {
    const current = facts.get(contactId)
    const last = published.get(contactId)
    const before = { grade: last?.grade ?? null, cartGrade: last?.cartGrade ?? null }
    if (!current) {
      if (!last) return []
      const isMerged = (survivors.get(contactId) ?? contactId) !== contactId
      const reason = isMerged ? 'merged' : 'no_link'
      return { contactId, change: 'unmatched', reason, state: null, entered: [], left: last.segments, before }
    }
    const state = stateOf(current)
    if (last && isSameState(last, state)) return []
    const told = last?.segments ?? []
    return {
      contactId,
      change: last ? 'updated' : 'matched',
      reason: last && lacksOnlyGrades(last, state) ? 'graded' : null,
      state,
      entered: state.segments.filter((id) => !told.includes(id)),
      left: told.filter((id) => !state.segments.includes(id)),
      before,
    }
  })
}

/** The marks of contacts whose person is up to date; for the others the feed would publish a partial change. */
export async function publishable(trx: Transaction<Database>, marks: Mark[]): Promise<Mark[]> {
  const pending = await markedAmong(
    trx,
    'dirty_persons',
    marks.map(({ key }) => contactPerson(key)),
  )
  return marks.filter(({ key }) => !pending.has(contactPerson(key)))
}
