/**
 * Writes memberships of segments. Every row of `segment_members` is written and deleted here, and each entry and exit is
 * noted in the same transaction; the publisher moves what is noted to the log (`membership-log`). A member that stays is
 * no change, even if its time of entry is corrected. So the members are at any time what the entries and exits add up to.
 *
 * Only the process that owns a person writes their memberships, one transaction at a time.
 */
import type { Kysely, Transaction } from 'kysely'
import { contactPerson, type PersonId, type VisitorId, visitorPerson } from '../domain/ids.ts'
import { mailability } from '../domain/mailability.ts'
import type { MembershipReason } from '../domain/membership.ts'
import { ofKeys, ofRows } from './engine/many.ts'
import type { SegmentMemberRow } from './schema/derived.ts'
import type { PendingMembershipRow } from './schema/feed.ts'
import type { Database } from './schema.ts'

/** When and why somebody left a segment. */
export type Exit = { at: number; reason: MembershipReason }

/** A member that was found. */
export type Member = Omit<SegmentMemberRow, 'mailable'>

/**
 * What an evaluation found: all members among some persons in some segments. `exitOf` says when and why a membership ended
 * that is no more. `endOf` says the same of one that may have ended before the next began, or null if it did not.
 */
export type Evaluated = {
  personIds: PersonId[]
  segmentIds: string[]
  members: Member[]
  exitOf: (was: SegmentMemberRow) => Exit
  endOf: (was: SegmentMemberRow) => Exit | null
}

const selectMembers = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('segment_members').selectAll().where('person_id', 'in', personIds),
)
const selectMembersOf = ofKeys((db, personIds: PersonId[], segmentId: string) =>
  db.selectFrom('segment_members').selectAll().where('segment_id', '=', segmentId).where('person_id', 'in', personIds),
)
const removeMembers = ofKeys((db, personIds: PersonId[], segmentId: string) =>
  db.deleteFrom('segment_members').where('segment_id', '=', segmentId).where('person_id', 'in', personIds),
)
const upsertMembers = ofRows((db, rows: SegmentMemberRow[]) =>
  db
    .insertInto('segment_members')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['segment_id', 'person_id']).doUpdateSet((eb) => ({
        entered_at: eb.ref('excluded.entered_at'),
        reason: eb.ref('excluded.reason'),
        mailable: eb.ref('excluded.mailable'),
      })),
    ),
)

/**
 * Replaces the memberships of the evaluated persons in the evaluated segments. Returns the persons of whom something has
 * changed. Members that stay through a changed definition or a rebuild keep the reason for which they once entered.
 */
export async function replaceMembers(trx: Transaction<Database>, evaluated: Evaluated): Promise<PersonId[]> {
  const { personIds, segmentIds, members, exitOf, endOf } = evaluated
  const [only] = segmentIds
  if (only === undefined) return []
  const rows = await (segmentIds.length === 1 ? selectMembersOf(trx, personIds, only) : selectMembers(trx, personIds))
  const known = new Set(segmentIds)
  const before = new Map(rows.filter((row) => known.has(row.segment_id)).map((row) => [keyOf(row), row]))
  const mailable = await mailableAmong(trx, personIds)
  const written: SegmentMemberRow[] = []
  const noted: Noted[] = []
  for (const member of members) {
    const row: SegmentMemberRow = { ...member, mailable: mailable.has(member.person_id) ? 1 : 0 }
    const was = before.get(keyOf(row))
    before.delete(keyOf(row))
    if (was === undefined) {
      written.push(row)
      noted.push(hasEntered(row))
      continue
    }
    const moved = was.entered_at !== row.entered_at
    if (!moved && was.mailable === row.mailable) continue
    written.push(moved && !isRemade(row) ? row : { ...row, reason: was.reason })
    const end = moved && !isRemade(row) ? endOf(was) : null
    if (end !== null && end.at <= row.entered_at) noted.push(exited(was, end), hasEntered(row))
    else if (was.mailable !== row.mailable) noted.push(permissionOf(row, was))
  }
  const left = [...before.values()]
  await upsertMembers(trx, written)
  await remove(trx, left)
  await note(trx, [...left.map((row) => exited(row, exitOf(row))), ...noted])
  return [...left, ...written].map((row) => row.person_id)
}

/** Whether a member that was one already has not entered again, for a reason that has nothing to do with the person. */
function isRemade({ reason }: SegmentMemberRow): boolean {
  return reason === 'definition' || reason === 'rebuild'
}

/** Ends all memberships of persons that are no more. */
export async function removeAllMembers(
  trx: Transaction<Database>,
  personIds: PersonId[],
  exitOf: (personId: PersonId) => Exit,
): Promise<void> {
  const left = await selectMembers(trx, personIds)
  await remove(trx, left)
  await note(
    trx,
    left.map((row) => exited(row, exitOf(row.person_id))),
  )
}

/**
 * Moves the memberships of persons that get another text, and what is noted about them. They are the same persons, who
 * have neither left nor entered.
 */
export async function renameMembers(
  trx: Transaction<Database>,
  personIds: PersonId[],
  renamed: (personId: PersonId) => PersonId,
): Promise<void> {
  const members = await selectMembers(trx, personIds)
  const pending = await selectPending(trx, personIds)
  // Citus does not allow updates of the distribution column.
  await remove(trx, members)
  await removePending(trx, personIds)
  await insertMembers(
    trx,
    members.map((row) => ({ ...row, person_id: renamed(row.person_id) })),
  )
  await insertPending(
    trx,
    pending.map((row) => ({ ...row, person_id: renamed(row.person_id) })),
  )
}

const insertMembers = ofRows((db, rows: SegmentMemberRow[]) =>
  db
    .insertInto('segment_members')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing()),
)
const selectPending = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('pending_memberships').selectAll().where('person_id', 'in', personIds),
)
const removePending = ofKeys((db, personIds: PersonId[]) =>
  db.deleteFrom('pending_memberships').where('person_id', 'in', personIds),
)
const insertPending = ofRows((db, rows: PendingMembershipRow[]) =>
  db
    .insertInto('pending_memberships')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing()),
)
const selectLast = ofKeys((db, personIds: PersonId[]) =>
  db
    .selectFrom('pending_memberships')
    .select((eb) => ['person_id', eb.fn.max('n').as('n')])
    .where('person_id', 'in', personIds)
    .groupBy('person_id'),
)

const keyOf = (row: SegmentMemberRow) => `${row.segment_id} ${row.person_id}`

async function remove(trx: Transaction<Database>, rows: SegmentMemberRow[]): Promise<void> {
  for (const [segmentId, own] of Map.groupBy(rows, (row) => row.segment_id)) {
    await removeMembers(
      trx,
      own.map((row) => row.person_id),
      segmentId,
    )
  }
}

type Noted = Omit<PendingMembershipRow, 'n'>

function hasEntered({ segment_id, person_id, entered_at, reason, mailable }: SegmentMemberRow): Noted {
  return { person_id, segment_id, change: 'entered', reason, at: entered_at, entered_at, mailable }
}

function exited({ segment_id, person_id, entered_at, mailable }: SegmentMemberRow, { at, reason }: Exit): Noted {
  const time = { at: Math.max(at, entered_at), entered_at }
  // Not the negative zero, which is no integer for the store.
  return { person_id, segment_id, change: 'left', reason, ...time, mailable: mailable === 1 ? -1 : 0 }
}

function permissionOf(
  { segment_id, person_id, entered_at, reason, mailable }: SegmentMemberRow,
  was: SegmentMemberRow,
): Noted {
  const change = 'permission'
  return { person_id, segment_id, change, reason, at: entered_at, entered_at, mailable: mailable - was.mailable }
}

const selectPermissions = ofKeys((db, personIds: PersonId[]) =>
  db
    .selectFrom('persons')
    .select(['person_id', 'contact_id', 'mail_consent', 'marketing', 'minor'])
    .where('person_id', 'in', personIds),
)

/** Those of the given persons who may be mailed. */
async function mailableAmong(trx: Transaction<Database>, personIds: PersonId[]): Promise<Set<PersonId>> {
  const rows = await selectPermissions(trx, personIds)
  const mailable = rows.filter(({ contact_id, mail_consent, marketing, minor }) => {
    const person = { contact: contact_id !== null, mailConsent: mail_consent, marketing: marketing === 1 }
    return mailability({ ...person, minor: minor === 1 }).mailable
  })
  return new Set(mailable.map((row) => row.person_id))
}

/** Notes changes for the publisher, who appends those of a person in their order. */
async function note(trx: Transaction<Database>, changes: Noted[]): Promise<void> {
  if (changes.length === 0) return
  const persons = [...new Set(changes.map((change) => change.person_id))]
  const last = new Map((await selectLast(trx, persons)).map((row) => [row.person_id, Number(row.n)]))
  const rows = changes.map((change) => {
    const n = (last.get(change.person_id) ?? 0) + 1
    last.set(change.person_id, n)
    return { ...change, n }
  })
  await insertPending(trx, rows)
}

/**
 * Notes that visitors and contacts are no more, so that the log names none of their persons any longer. Other processes
 * may note changes of these persons at the same time: those are counted from 1.
 */
export async function noteEnded(
  db: Kysely<Database>,
  { visitors = [], contacts = [] }: { visitors?: VisitorId[]; contacts?: string[] },
): Promise<void> {
  const persons = [...visitors.map((id) => visitorPerson(id, 1)), ...contacts.map(contactPerson)]
  await insertPending(
    db,
    persons.sort().map((person_id) => ({
      ...{ person_id, n: 0, segment_id: '', change: 'ended' as const, reason: 'event' as const },
      ...{ at: 0, entered_at: 0, mailable: 0 },
    })),
  )
}
