/** The log of changes that readers of the feed follow. */
import type { ExpressionBuilder, Kysely, Transaction } from 'kysely'
import type { ContactId } from '../domain/ids.ts'
import type { MatchChange } from '../domain/match.ts'
import { chunks, chunksOf } from './engine/many.ts'
import { ERASED_CONTACT, withErasureNotices } from './erasure-notices.ts'
import type { FeedState, PublishedGrades } from './feed-state.ts'
import { encodeJson } from './schema/columns.ts'
import type { MatchChangeRow } from './schema/feed.ts'
import type { Database } from './schema.ts'

/**
 * A change to publish; with a null `change` only the state is noted. A null `state` means that the contact has no published
 * state any more.
 */
export type Change = {
  contactId: ContactId
  change: MatchChange | null
  reason: MatchChangeRow['reason']
  state: FeedState | null
  entered: string[]
  left: string[]
  before: PublishedGrades
}

/** Appends changes with the next sequence numbers and records the published states. Only the publisher may call it. */
export async function appendChanges(trx: Transaction<Database>, given: Change[], now: number): Promise<void> {
  const changes = await withErasureNotices(trx, given)
  if (changes.length === 0) return
  let seq = await newestSeq(trx)
  const told = changes.flatMap(({ change, ...rest }) => (change === null ? [] : { ...rest, change }))
  const rows: MatchChangeRow[] = told.map((change) => ({
    seq: ++seq,
    contact_id: change.contactId,
    change: change.change,
    reason: change.reason,
    segments: encodeJson(change.state?.segments ?? []),
    entered: encodeJson(change.entered),
    left_segments: encodeJson(change.left),
    grade: change.state?.grade ?? null,
    cart_grade: change.state?.cartGrade ?? null,
    earlier_grade: change.before.grade,
    earlier_cart_grade: change.before.cartGrade,
    at: now,
  }))
  for (const part of chunksOf(rows)) await trx.insertInto('match_changes').values(part).execute()
  const ids = changes.map((change) => change.contactId)
  for (const part of chunks(ids, 500)) await trx.deleteFrom('feed_state').where('contact_id', 'in', part).execute()
  const states = changes.flatMap(({ contactId, state }) => {
    if (state === null) return []
    const { segments, cartGrade, toldAt, dueAt, ...rest } = state
    const renamed = { segments: encodeJson(segments), cart_grade: cartGrade, told_at: toldAt, due_at: dueAt }
    return { contact_id: contactId, ...rest, ...renamed }
  })
  for (const part of chunksOf(states)) await trx.insertInto('feed_state').values(part).execute()
}

/**
 * A reading of the log: the changes after `from`, up to the newest one when it began. `position` is the last one scanned.
 * What is appended meanwhile belongs to the next reading, so that each contact occurs once in a reading of many pages.
 */
export type Reading = { from: number; position: number; until: number }

/**
 * What happened to a contact in a reading: its first change there, which tells what was before, its last one, and all with
 * which it left a segment, the feed or its grade.
 */
export type ContactChange = { first: MatchChangeRow; last: MatchChangeRow; between: MatchChangeRow[] }

/** Begins a reading after a sequence number. */
export async function beginReading(db: Kysely<Database>, from: number): Promise<Reading> {
  return { from, position: from, until: Math.max(from, await newestSeq(db)) }
}

async function newestSeq(db: Kysely<Database>): Promise<number> {
  const { seq } = await db
    .selectFrom('match_changes')
    .select((eb) => eb.fn.max('seq').as('seq'))
    .executeTakeFirstOrThrow()
  return Number(seq ?? 0)
}

/** The most rows of the log that a page scans, so that a page of a long log does not take seconds. */
const MAX_SCANNED = 10_000

/** The next contacts of a reading, each at its last change there, and the reading after them. `more`: more may follow. */
export async function readContacts(
  db: Kysely<Database>,
  reading: Reading,
  limit: number,
): Promise<{ changes: ContactChange[]; reading: Reading; more: boolean }> {
  const { from, until } = reading
  const size = Math.min(1000, Math.max(100, 2 * limit))
  let { position } = reading
  const lasts: MatchChangeRow[] = []
  let scanned = 0
  let isFull = false
  while (!isFull && position < until && scanned < MAX_SCANNED) {
    const rows = await db
      .selectFrom('match_changes')
      .selectAll()
      .where('seq', '>', position)
      .where('seq', '<=', until)
      .orderBy('seq')
      .limit(size)
      .execute()
    const newest = await seqsOf(db, 'max', rows, from, until)
    for (const row of rows) {
      const isLast = newest.get(row.contact_id) === row.seq
      isFull = isLast && lasts.length === limit
      if (isFull) break
      if (isLast) lasts.push(row)
      position = row.seq
    }
    if (rows.length < size && !isFull) position = until
    scanned += rows.length
  }
  const changes = await completed(db, lasts, reading)
  return { changes, reading: { from, position, until }, more: position < until }
}

/** Adds the other changes of a reading that matter to contacts' last ones. */
async function completed(
  db: Kysely<Database>,
  lasts: MatchChangeRow[],
  { from, until }: Reading,
): Promise<ContactChange[]> {
  const oldest = await seqsOf(db, 'min', lasts, from, until)
  const others: MatchChangeRow[] = []
  for (const part of chunks(lasts, 500)) {
    others.push(
      ...(await db
        .selectFrom('match_changes')
        .selectAll()
        .where(
          'contact_id',
          'in',
          part.map((row) => row.contact_id),
        )
        .where('seq', '>', from)
        .where('seq', '<=', until)
        .where((eb) =>
          eb.or([
            eb(
              'seq',
              'in',
              part.map((row) => oldest.get(row.contact_id) ?? row.seq),
            ),
            eb('left_segments', '!=', encodeJson([])),
            eb('change', '=', 'unmatched'),
            isOther(eb, 'grade', 'earlier_grade'),
            isOther(eb, 'cart_grade', 'earlier_cart_grade'),
          ]),
        )
        .orderBy('seq')
        .execute()),
    )
  }
  const byContact = Map.groupBy(others, (row) => row.contact_id)
  return lasts.map((last) => {
    const between = byContact.get(last.contact_id) ?? []
    return { first: between.find((row) => row.seq === oldest.get(last.contact_id)) ?? last, last, between }
  })
}

function isOther(eb: ExpressionBuilder<Database, 'match_changes'>, now: Graded, before: Graded) {
  return eb(eb.fn.coalesce(now, eb.val('')), '!=', eb.fn.coalesce(before, eb.val('')))
}

type Graded = 'grade' | 'cart_grade' | 'earlier_grade' | 'earlier_cart_grade'

/** The newest or oldest change of each contact of the rows within a reading. Contacts that were erased have none. */
async function seqsOf(
  db: Kysely<Database>,
  which: 'min' | 'max',
  rows: MatchChangeRow[],
  from: number,
  until: number,
): Promise<Map<ContactId, number>> {
  const ids = [...new Set(rows.map((row) => row.contact_id))].filter((id) => id !== ERASED_CONTACT)
  const seqs = new Map<ContactId, number>()
  for (const part of chunks(ids, 500)) {
    const found = await db
      .selectFrom('match_changes')
      .select((eb) => ['contact_id', eb.fn<number>(which, ['seq']).as('seq')])
      .where('contact_id', 'in', part)
      .where('seq', '>', from)
      .where('seq', '<=', until)
      .groupBy('contact_id')
      .execute()
    for (const row of found) seqs.set(row.contact_id, Number(row.seq))
  }
  return seqs
}
