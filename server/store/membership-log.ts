/**
 * The log of who entered and left segments. Only the publisher appends to it, and takes what it appends off the pending
 * changes in the same transaction, so that a reader who follows `seq` misses nothing and gets nothing twice.
 *
 * When a visitor or contact is no more, its rows lose its id. Readers that were told of its entry learn of the exit: that
 * row keeps the person, encrypted, for 30 days. An entry and its exit are deleted 90 days after the exit; so a reading from
 * the beginning holds at least the entries of all members, and a reader that was away for longer has to begin again.
 */
import type { Kysely, Transaction } from 'kysely'
import { contactPerson, contactsAmong, type PersonId, personOf, type VisitorId } from '../domain/ids.ts'
import type { MembershipChange } from '../domain/membership.ts'
import { chunks, chunksOf, ofKeys } from './engine/many.ts'
import type { PendingMembershipRow, SegmentChangeRow } from './schema/feed.ts'
import type { Database } from './schema.ts'
import { addSizes, type SizeChange } from './segment-sizes.ts'
import { knownVisitors } from './visitors.ts'

/** For how long readers are told of persons that are no more. */
export const NOTICE_MS = 30 * 24 * 3600_000

/** The person of rows whose visitor or contact is no more. */
export const NOBODY = '' as const

/** What the publisher needs. `day`: the shop's day. `seal` encrypts the text of a person that is no more. */
export type PublishDeps = { now: number; day: number; limit: number; seal: (text: string) => string }

/** Whether any entry or exit waits for the publisher. */
export async function hasPending(db: Kysely<Database>): Promise<boolean> {
  return (await db.selectFrom('pending_memberships').select('n').limit(1).executeTakeFirst()) !== undefined
}

/** Appends about `limit` pending changes, and returns whether there were any. Only the publisher may call it. */
export async function publishMemberships(trx: Transaction<Database>, deps: PublishDeps): Promise<boolean> {
  const pending = await nextPending(trx, deps.limit)
  if (pending.length === 0) return false
  // Numbered after rows that are deleted here too.
  let seq = await newestChange(trx)
  const { now } = deps
  const ended = await endedAmong(trx, pending)
  const isEnded = (row: PendingMembershipRow) => {
    const person = personOf(row.person_id)
    return ended[person.kind].has(person.id)
  }
  const changes = withoutRemade(pending.filter(isChange))
  const exits = await forget(trx, ended, pending, deps)
  const rows = [...exits, ...changes.filter((row) => !isEnded(row)).map(rowOf)]
  const numbered = rows.map((row): SegmentChangeRow => {
    return { ...row, seq: ++seq, id: `${seq.toString(36)}-${now.toString(36)}`, published_at: now }
  })
  for (const part of chunksOf(numbered)) await trx.insertInto('segment_changes').values(part).execute()
  await addSizes(trx, sizesOf(changes, pending), deps.day)
  await removePending(trx, pending)
  return true
}

/** An entry or an exit. */
type PendingChange = PendingMembershipRow & { change: MembershipChange }

function isChange(row: PendingMembershipRow): row is PendingChange {
  return row.change === 'entered' || row.change === 'left'
}

/** What changes make of the sizes of segments. Who may be mailed is counted by all that is pending. */
function sizesOf(changes: PendingChange[], pending: PendingMembershipRow[]): SizeChange[] {
  return [
    ...changes.map(({ segment_id, reason, change }) => {
      return {
        segment_id,
        reason,
        entered: change === 'entered' ? 1 : 0,
        exited: change === 'left' ? 1 : 0,
        mailable: 0,
      }
    }),
    ...pending
      .filter((row) => row.mailable !== 0)
      .map(({ segment_id, reason, mailable }) => ({ segment_id, reason, entered: 0, exited: 0, mailable })),
  ]
}

/** The next pending changes, all of each person, so that what a rebuild took and gave back is seen together. */
async function nextPending(trx: Transaction<Database>, limit: number): Promise<PendingMembershipRow[]> {
  const pending = trx.selectFrom('pending_memberships').selectAll().orderBy('person_id').orderBy('n')
  const rows = await pending.limit(limit).execute()
  const last = rows.at(-1)
  if (last === undefined || rows.length < limit) return rows
  return [...rows, ...(await pending.where('person_id', '=', last.person_id).where('n', '>', last.n).execute())]
}

const selectContacts = ofKeys((db, ids) =>
  db.selectFrom('contacts').select('contact_id as id').where('contact_id', 'in', ids),
)

/** Visitors and contacts that are no more. */
type Ended = { visitor: Set<string>; contact: Set<string> }

async function endedAmong(trx: Transaction<Database>, pending: PendingMembershipRow[]): Promise<Ended> {
  const persons = [...new Set(pending.map((row) => row.person_id))]
  const visitors = visitorsAmong(persons)
  const contacts = contactsAmong(persons)
  const there = {
    visitor: await knownVisitors(trx, visitors),
    contact: new Set((await selectContacts(trx, contacts)).map((row) => row.id)),
  }
  return {
    visitor: new Set(visitors.filter((id) => !there.visitor.has(id))),
    contact: new Set(contacts.filter((id) => !there.contact.has(id))),
  }
}

function visitorsAmong(persons: PersonId[]): VisitorId[] {
  return persons.map(personOf).flatMap((person) => (person.kind === 'visitor' ? person.id : []))
}

const ofVisitors = ofKeys((db, visitors: VisitorId[]) =>
  db.selectFrom('segment_changes').selectAll().where('visitor', 'in', visitors).orderBy('seq'),
)
const ofPersons = ofKeys((db, persons: PersonId[]) =>
  db.selectFrom('segment_changes').selectAll().where('person_id', 'in', persons).orderBy('seq'),
)

/** A row before it has its place in the log. */
type Unplaced = Omit<SegmentChangeRow, 'seq' | 'id' | 'published_at'>

/**
 * Takes those who are no more out of the log. Their exits stay, and are told to the readers that were told of the entry;
 * returns those of memberships that were not known to have ended.
 */
async function forget(
  trx: Transaction<Database>,
  ended: Ended,
  pending: PendingMembershipRow[],
  { now, seal }: PublishDeps,
): Promise<Unplaced[]> {
  const rows = [
    ...(await ofVisitors(trx, [...ended.visitor])),
    ...(await ofPersons(trx, [...ended.contact].map(contactPerson))),
  ]
  const ends = new Map(pending.filter((row) => row.change === 'left').map((row) => [memberOf(row), row]))
  const exits: Unplaced[] = []
  for (const [member, own] of Map.groupBy(rows, memberOf)) {
    let entry: SegmentChangeRow | null = null
    for (const row of own) {
      if (row.change === 'left') {
        const isTold = row.published_at > now - NOTICE_MS
        const sealed = isTold ? seal(row.person_id) : null
        const blank = { person_id: NOBODY, visitor: null, sealed, entry_seq: entry?.seq ?? row.seq } as const
        await trx.updateTable('segment_changes').set(blank).where('seq', '=', row.seq).execute()
      }
      entry = row.change === 'entered' ? row : null
    }
    if (entry === null) continue
    const { segment_id, person_id, entered_at, seq } = entry
    const { reason, at } = ends.get(member) ?? { reason: 'event' as const, at: now }
    const nobody = { person_id: NOBODY, visitor: null, sealed: seal(person_id), entry_seq: seq }
    exits.push({ segment_id, ...nobody, change: 'left', reason, at, entered_at })
  }
  // Exits stay where they are or follow, so the newest row of the log is never deleted.
  const entries = rows.filter((row) => row.change === 'entered').map((row) => row.seq)
  for (const part of chunks(entries, 500)) await trx.deleteFrom('segment_changes').where('seq', 'in', part).execute()
  return exits
}

const memberOf = (row: { segment_id: string; person_id: string }) => `${row.segment_id} ${row.person_id}`

/**
 * Leaves out what a rebuild took and gave back: while it runs, a person may be derived from some of its visitors, and its
 * members have not left.
 */
function withoutRemade(pending: PendingChange[]): PendingChange[] {
  const kept: (PendingChange | null)[] = []
  const lastOf = new Map<string, number[]>()
  for (const row of pending) {
    const own = lastOf.get(memberOf(row)) ?? []
    lastOf.set(memberOf(row), own)
    const before = kept[own.at(-1) ?? -1]
    if (row.reason === 'rebuild' && before?.reason === 'rebuild') kept[own.pop() ?? -1] = null
    else own.push(kept.push(row) - 1)
  }
  return kept.filter((row) => row !== null)
}

function rowOf({ segment_id, person_id, change, reason, at, entered_at }: PendingChange): Unplaced {
  const person = personOf(person_id)
  const visitor = person.kind === 'visitor' ? person.id : null
  return { segment_id, person_id, visitor, sealed: null, entry_seq: null, change, reason, at, entered_at }
}

const removeNth = ofKeys((db, persons: PersonId[], n: number) =>
  db.deleteFrom('pending_memberships').where('n', '=', n).where('person_id', 'in', persons),
)

async function removePending(trx: Transaction<Database>, rows: PendingMembershipRow[]): Promise<void> {
  for (const [n, own] of Map.groupBy(rows, (row) => row.n)) {
    await removeNth(
      trx,
      own.map((row) => row.person_id),
      n,
    )
  }
}

/** The newest `seq` of the log, or 0. */
export async function newestChange(db: Kysely<Database>): Promise<number> {
  const { seq } = await db
    .selectFrom('segment_changes')
    .select((eb) => eb.fn.max('seq').as('seq'))
    .executeTakeFirstOrThrow()
  return Number(seq ?? 0)
}
