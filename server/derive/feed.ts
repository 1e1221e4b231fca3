/**
 * Computes what the feed publishes: the difference between a contact's current match and the state last published.
 * Only the publisher appends changes, in one transaction with the state it published, so that a reader who follows
 * `seq` misses nothing and gets nothing twice.
 */
import type { Transaction } from 'kysely'
import { contactPerson } from '../domain/ids.ts'
import { mailability } from '../domain/mailability.ts'
import type { Change, MatchFacts, PublishedGrades, PublishedState } from '../store/feed.ts'
import type { Database } from '../store/schema.ts'
import { type Mark, markedAmong } from '../store/work/dirty.ts'

/**
 * The changes to publish for the given contacts, from their current matches and the states last published. `survivors`
 * maps each contact to the one that survives merging in the CRM.
 */
export function changesOf(
  contactIds: string[],
  facts: Map<string, MatchFacts>,
  published: Map<string, PublishedState>,
  survivors: Map<string, string>,
): Change[] {
  return contactIds.flatMap((contactId) => {
    const current = facts.get(contactId)
    const last = published.get(contactId)
    const grades = current && { grade: current.grade, cartGrade: current.cart?.grade ?? null }
    const graded = { before: gradesOf(last), now: gradesOf(grades) }
    if (!current) {
      if (!last) return []
      return {
        contactId,
        change: 'unmatched',
        reason: (survivors.get(contactId) ?? contactId) === contactId ? 'no_link' : 'merged',
        digest: null,
        segments: [],
        entered: [],
        left: last.segments,
        ...graded,
      }
    }
    const digest = digestOf(current)
    const isSame = last?.digest === digest
    if (isSame && last.grade === current.grade && last.cartGrade === graded.now.cartGrade) return []
    const isFirstGrade = isSame && last.grade === null && last.cartGrade === null
    const segments = current.segments.map((segment) => segment.id)
    const before = last?.segments ?? []
    return {
      contactId,
      change: last ? 'updated' : 'matched',
      reason: isFirstGrade ? 'graded' : null,
      digest,
      segments,
      entered: segments.filter((id) => !before.includes(id)),
      left: before.filter((id) => !segments.includes(id)),
      ...graded,
    }
  })
}

function gradesOf(state: PublishedGrades | undefined): PublishedGrades {
  return { grade: state?.grade ?? null, cartGrade: state?.cartGrade ?? null }
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

/** The marks of contacts whose person is up to date; for the others the feed would publish a partial change. */
export async function publishable(trx: Transaction<Database>, marks: Mark[]): Promise<Mark[]> {
  const pending = await markedAmong(
    trx,
    'dirty_persons',
    marks.map(({ key }) => contactPerson(key)),
  )
  return marks.filter(({ key }) => !pending.has(contactPerson(key)))
}
