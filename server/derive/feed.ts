/**
 * What the publisher of the feed tells: it compares what a contact's match reads like now with what was last told. The
 * difference is appended by it alone, in one transaction with the state it told, so that a reader who follows `seq`
 * misses nothing and gets nothing twice.
 */
import type { Transaction } from 'kysely'
import { contactPerson } from '../domain/ids.ts'
import { mailability } from '../domain/mailability.ts'
import type { Change, MatchFacts, PublishedState } from '../store/feed.ts'
import type { Database } from '../store/schema.ts'
import { type Mark, markedAmong } from '../store/work/dirty.ts'

/**
 * What is to be told of the given contacts: how their match stands, beside what was told of it last. `survivors` tells of
 * each who is left of him where the CRM has merged him into another.
 */
export function changesOf(
  contactIds: string[],
  facts: Map<string, MatchFacts>,
  told: Map<string, PublishedState>,
  survivors: Map<string, string>,
): Change[] {
  return contactIds.flatMap((contactId) => {
    const current = facts.get(contactId)
    const last = told.get(contactId)
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
      }
    }
    const digest = digestOf(current)
    if (last?.digest === digest) return []
    const segments = current.segments.map((segment) => segment.id)
    const before = last?.segments ?? []
    return {
      contactId,
      change: last ? 'updated' : 'matched',
      reason: null,
      digest,
      segments,
      entered: segments.filter((id) => !before.includes(id)),
      left: before.filter((id) => !segments.includes(id)),
    }
  })
}

/** All that makes a match read differently; the last visit and interests alone do not. */
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

/** These contacts, but for those whose person is still to be derived: what is told of them would be half of a change. */
export async function tellable(trx: Transaction<Database>, marks: Mark[]): Promise<Mark[]> {
  const underWay = await markedAmong(
    trx,
    'dirty_persons',
    marks.map(({ key }) => contactPerson(key)),
  )
  return marks.filter(({ key }) => !underWay.has(contactPerson(key)))
}
