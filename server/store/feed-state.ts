/**
 * The states of contacts that the feed has published. A contact is published again when its state differs from that.
 *
 * A reader gets contacts as they are at the time of reading, which may be ahead of what was published, for example between
 * two steps of deriving. What was read so is published once more, or a reader could keep a state that never was published.
 */
import type { Kysely, Transaction } from 'kysely'
import { fingerprint } from '../domain/fingerprint.ts'
import type { Grade } from '../domain/grade.ts'
import type { ContactId } from '../domain/ids.ts'
import { mailability } from '../domain/mailability.ts'
import { chunks } from './engine/many.ts'
import { transact } from './engine/transact.ts'
import { NO_DIGEST } from './erasure-notices.ts'
import type { MatchFacts } from './match-facts.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { CartRow } from './schema/derived.ts'
import type { Database } from './schema.ts'
import { mark } from './work/dirty.ts'

/** The grades of a match and of its cart. */
export type PublishedGrades = { grade: Grade | null; cartGrade: Grade | null }

/**
 * The state of a contact, as far as a change of it is published: at once, or of `behaviour` at most once a day. What was
 * published by an earlier version has neither `contents` nor `behaviour`.
 */
export type FeedState = {
  digest: string
  segments: string[]
  contents: string | null
  behaviour: string | null
  toldAt: number | null
  dueAt: number | null
} & PublishedGrades

/** The current state of a match, as it is told now. */
export function stateOf(facts: MatchFacts, now: number): FeedState {
  const { cart } = facts
  return {
    digest: digestOf(facts),
    contents: contentsOf(facts, now),
    behaviour: `${facts.events} ${facts.lastSeenAt}`,
    toldAt: now,
    dueAt: cart !== null && cart.idle_at > now ? cart.idle_at : null,
    segments: facts.segments.map((segment) => segment.id),
    grade: facts.grade,
    cartGrade: cart?.grade ?? null,
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

/** What a row shows of orders and cart and the digest does not hold. */
function contentsOf({ purchased, cart }: MatchFacts, now: number): string {
  const shown = cart && [
    cart.shop_cart_id,
    cart.currency,
    cart.url,
    shownItems(cart.items),
    cart.step,
    cart.abandoned_at,
    cart.idle_at <= now,
  ]
  return fingerprint(JSON.stringify([purchased, shown]))
}

/** The items of a cart without what is only kept for conditions. */
function shownItems(items: CartRow['items']): string {
  if (!items.includes('"item_categories"')) return items
  return encodeJson(decodeJson(items).map(({ item_categories: _, ...shown }) => shown))
}

/** Whether nothing has changed that is published at once. */
export function isSameState(published: FeedState, current: FeedState): boolean {
  return (
    published.digest === current.digest &&
    published.grade === current.grade &&
    published.cartGrade === current.cartGrade &&
    (published.contents === null || published.contents === current.contents)
  )
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
      const { contact_id, segments, cart_grade: cartGrade, told_at: toldAt, due_at: dueAt, ...state } = row
      states.set(contact_id, { ...state, segments: decodeJson(segments), cartGrade, toldAt, dueAt })
    }
  }
  return states
}

/** The contacts whose current facts are ahead of what was published, unless they are published again anyway. */
export async function readAhead(
  db: Kysely<Database>,
  contactIds: ContactId[],
  facts: Map<ContactId, MatchFacts>,
  now: number,
): Promise<ContactId[]> {
  const published = await loadFeedStates(db, contactIds)
  return contactIds.filter((id) => {
    const [last, current] = [published.get(id), facts.get(id)]
    if (last === undefined || last.digest === NO_DIGEST) return false
    if (current === undefined) return true
    const state = stateOf(current, now)
    return !isSameState(last, state) && !lacksOnlyGrades(last, state)
  })
}

/** Up to `limit` contacts that are to be looked at again, though nothing happened. */
export async function dueContacts(db: Kysely<Database>, now: number, limit: number): Promise<ContactId[]> {
  const rows = await db
    .selectFrom('feed_state')
    .select('contact_id')
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .limit(limit)
    .execute()
  return rows.map((row) => row.contact_id)
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
