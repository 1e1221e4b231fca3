/**
 * The publisher of the feed: compares what a contact's match reads like now with what was last told, and appends the
 * difference to `match_changes`. It alone assigns `seq`, in one transaction with the state it told, so that a reader
 * who follows `seq` misses nothing and gets nothing twice.
 */
import type { Transaction } from 'kysely'
import { mailability } from '../domain/match.ts'
import { appendChanges, loadFeedStates, loadMatchFacts, type MatchFacts } from '../store/feed.ts'
import type { Database } from '../store/schema.ts'

/** Tells what changed of the given contacts. Returns how many changes were appended. */
export async function publish(trx: Transaction<Database>, contactIds: string[], now: number): Promise<number> {
  const facts = await loadMatchFacts(trx, contactIds)
  const told = await loadFeedStates(trx, contactIds)
  const changes = contactIds.flatMap((contactId) => {
    const current = facts.get(contactId)
    const last = told.get(contactId)
    if (!current) {
      if (!last) return []
      return {
        contactId,
        change: 'unmatched',
        reason: 'no_link',
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
  await appendChanges(trx, changes, now)
  return changes.length
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
