/**
 * Computes what the feed publishes: the difference between a contact's current match and the state last published.
 * Only the publisher appends changes, in one transaction with the state it published, so that a reader who follows
 * `seq` misses nothing and gets nothing twice.
 */
import type { Transaction } from 'kysely'
import { type ContactId, contactPerson } from '../domain/ids.ts'
import { needsCart } from '../segments/grammar.ts'
import type { Change } from '../store/feed.ts'
import {
  dueContacts,
  type FeedState,
  isSameState,
  lacksOnlyGrades,
  loadFeedStates,
  stateOf,
} from '../store/feed-state.ts'
import { loadFeedFacts, type MatchFacts } from '../store/match-facts.ts'
import { survivorsOf } from '../store/merges.ts'
import type { Database } from '../store/schema.ts'
import { type Mark, markedAmong, readMarks } from '../store/work/dirty.ts'
import { readRebuild } from './rebuild.ts'

/** How long visits and what they viewed wait to be told, after the contact was last told. */
const BEHAVIOUR_MS = 24 * 3600_000

/**
 * The changes to publish for the given contacts, from their current matches and the states last published. `survivors`
 * maps each contact to the one that survives merging in the CRM.
 */
function changesOf(
  contactIds: ContactId[],
  facts: Map<ContactId, MatchFacts>,
  published: Map<ContactId, FeedState>,
  survivors: Map<string, string>,
  now: number,
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
    const state = stateOf(current, now)
    if (last && isSameState(last, state)) {
      const waiting = waitingState(last, state, now)
      if (waiting === 'same') return []
      if (waiting !== 'due') {
        return { contactId, change: null, reason: null, state: waiting, entered: [], left: [], before }
      }
    }
    const told = last?.segments ?? []
    return {
      contactId,
      change: last ? 'updated' : 'matched',
      reason: last && !isSameState(last, state) && lacksOnlyGrades(last, state) ? 'graded' : null,
      state,
      entered: state.segments.filter((id) => !told.includes(id)),
      left: told.filter((id) => !state.segments.includes(id)),
      before,
    }
  })
}

/**
 * The state to note for a contact of which nothing is to be told now: `same` if it is noted already. `due`: it is to be told,
 * because it was seen again or viewed something else, and has not been told for a day.
 */
function waitingState(last: FeedState, state: FeedState, now: number): FeedState | 'same' | 'due' {
  const { contents } = state
  const behaviour = last.behaviour ?? state.behaviour
  const toldAt = last.toldAt ?? now
  let { dueAt } = state
  if (behaviour !== state.behaviour) {
    const tellAt = toldAt + BEHAVIOUR_MS
    // A clock that ran ahead when it was told is no reason to wait.
    if (tellAt <= now || toldAt > now) return 'due'
    dueAt = Math.min(tellAt, dueAt ?? tellAt)
  }
  const isNoted = last.contents !== null && last.behaviour !== null && last.dueAt === dueAt
  return isNoted ? 'same' : { ...last, contents, behaviour, toldAt, dueAt }
}

/** The marks of contacts to publish, and those that are to be looked at again by now. */
export async function feedMarks(trx: Transaction<Database>, now: number, limit: number): Promise<Mark<ContactId>[]> {
  if (await readRebuild(trx)) return []
  const marks = await readMarks(trx, 'dirty_contacts', limit)
  const marked = new Set(marks.map(({ key }) => key))
  const due = (await dueContacts(trx, now, limit)).filter((key) => !marked.has(key))
  // No real mark has generation 0, so one that is set in the meantime is kept.
  return publishable(trx, [...marks, ...due.map((key) => ({ key, generation: 0 }))].slice(0, limit))
}

/** What to publish for the marks, by one moment of the store. */
export async function readFeedChanges(trx: Transaction<Database>, marks: Mark<ContactId>[], now: number) {
  const published = await publishable(trx, marks)
  const keys = published.map(({ key }) => key)
  const facts = await loadFeedFacts(trx, keys, needsCart)
  const survivors = await survivorsOf(
    trx,
    keys.filter((key) => !facts.has(key)),
  )
  return { published, changes: changesOf(keys, facts, await loadFeedStates(trx, keys), survivors, now) }
}

/** The marks of contacts whose person is up to date; for the others the feed would publish a partial change. */
async function publishable(trx: Transaction<Database>, marks: Mark<ContactId>[]): Promise<Mark<ContactId>[]> {
  const pending = await markedAmong(
    trx,
    'dirty_persons',
    marks.map(({ key }) => contactPerson(key)),
  )
  return marks.filter(({ key }) => !pending.has(contactPerson(key)))
}
