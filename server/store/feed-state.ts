/**
 * The states of contacts that the feed has published. A contact is published again when its state differs from that.
 *
 * A reader gets contacts as they are at the time of reading, which may be ahead of what was published, for example between
 * two steps of deriving. What was read so is published once more, or a reader could keep a state that never was published.
 */
import type { Kysely, Transaction } from 'kysely'
import type { Grade } from '../domain/grade.ts'
import type { ContactId } from '../domain/ids.ts'
import { mailability } from '../domain/mailability.ts'
import { chunks } from './engine/many.ts'
import { transact } from './engine/transact.ts'
import { NO_DIGEST } from './erasure-notices.ts'
import type { MatchFacts } from './match-facts.ts'
import { decodeJson } from './schema/columns.ts'
import type { Database } from './schema.ts'
import { mark } from './work/dirty.ts'

/** The grades of a match and of its cart. */
export type PublishedGrades = { grade: Grade | null; cartGrade: Grade | null }

/** The state of a contact, as far as a change of it is published. */
export type FeedState = { digest: string; segments: string[] } & PublishedGrades

/** The current state of a match. */
export function stateOf(facts: MatchFacts): FeedState {
  return {
    digest: digestOf(facts),
    segments: facts.segments.map((segment) => segment.id),
    grade: facts.grade,
    cartGrade: facts.cart?.grade ?? null,
  }
}

/**
 * Everything whose change is published, besides the grades, which what was published by an earlier version does not
 * have. A new visit or new interests alone are not.
 */
function digestOf(facts: MatchFacts): string {
  return JSON.stringify([
    facts.email,
    facts.emailSha256,
    facts.strength,
    facts.evidence,
    facts.matchedAt,
    facts.visitors,
    mailability({ contact: true, ...facts }),
    facts.segments,
    facts.cart ? [facts.cart.id, facts.cart.updated_at, facts.cart.value] : null,
    facts.purchases,
  ])
}

/** Whether nothing has changed that is published. */
export function isSameState(a: FeedState, b: FeedState): boolean {
  return a.digest === b.digest && a.grade === b.grade && a.cartGrade === b.cartGrade
}

/** Whether a state was published before there were grades, and has not changed otherwise. */
export function lacksOnlyGrades(published: FeedState, current: FeedState): boolean {
  return published.digest === current.digest && published.grade === null && published.cartGrade === null
}

/** The states of contacts that were last published. */
export async function loadFeedStates(
  db: Kysely<Database>,
  contactIds: ContactId[],
): Promise<Map<ContactId, FeedState>> {
  const states = new Map<ContactId, FeedState>()
  for (const part of chunks(contactIds, 500)) {
    const rows = await db.selectFrom('feed_state').selectAll().where('contact_id', 'in', part).execute()
    for (const row of rows) {
      const { digest, segments, grade, cart_grade: cartGrade } = row
      states.set(row.contact_id, { digest, segments: decodeJson(segments), grade, cartGrade })
    }
  }
  return states
}

/** The contacts whose current facts are ahead of what was published, unless they are published again anyway. */
export async function readAhead(
  db: Kysely<Database>,
  contactIds: ContactId[],
  facts: Map<ContactId, MatchFacts>,
): Promise<ContactId[]> {
  const published = await loadFeedStates(db, contactIds)
  return contactIds.filter((id) => {
    const [last, current] = [published.get(id), facts.get(id)]
    if (last === undefined || last.digest === NO_DIGEST) return false
    if (current === undefined) return true
    const state = stateOf(current)
    return !isSameState(last, state) && !lacksOnlyGrades(last, state)
  })
}

/** Has contacts published again, whatever their state is by then. */
export async function publishAgain(db: Kysely<Database>, contactIds: ContactId[]): Promise<void> {
  const sorted = [...contactIds].sort()
  for (const part of chunks(sorted, 500)) {
    await transact(db, async (trx: Transaction<Database>) => {
      await trx.updateTable('feed_state').set({ digest: NO_DIGEST }).where('contact_id', 'in', part).execute()
      await mark(trx, 'dirty_contacts', part)
    })
  }
}
