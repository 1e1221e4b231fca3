/**
 * Writes the rows of persons and their scores, then the memberships that follow from them, and marks the contacts whose match may have
 * changed.
 */
import type { Transaction } from 'kysely'
import { contactPerson, contactsAmong, type PersonId, personOf } from '../domain/ids.ts'
import type { MembershipReason } from '../domain/membership.ts'
import { judgingStep } from '../segments/judging-step.ts'
import { refreshMembers } from '../segments/members.ts'
import { readRules } from '../segments/rules.ts'
import { removeAllMembers } from '../store/memberships.ts'
import { removeStrayParts } from '../store/part-rows.ts'
import { refreshScores } from '../store/person-scores.ts'
import { type BuiltPersons, writePersons } from '../store/persons.ts'
import type { PersonRow } from '../store/schema/derived.ts'
import type { Database } from '../store/schema.ts'
import { findStandings, type Standing, visitedAmong } from '../store/standings.ts'
import { typedContactsOf } from '../store/typed.ts'
import { knownVisitors } from '../store/visitors.ts'
import { clearMarks, isOfRebuild, type Mark, mark } from '../store/work/dirty.ts'

/** Processes the marks of persons. `built` holds those that still exist. */
export async function replacePersons(
  trx: Transaction<Database>,
  marks: Mark<PersonId>[],
  built: BuiltPersons,
  now: number,
): Promise<void> {
  const { rows } = built
  const personIds = marks.map(({ key }) => key)
  const told = await typedContactsOf(trx, personIds)
  const before = await findStandings(trx, personIds)
  const reasons = changesOf(before, marks, rows)
  await removeStrayParts(
    trx,
    marks.filter(isOfRebuild).map(({ key }) => key),
  )
  const removed = await writePersons(trx, personIds, built)
  await leaveAll(trx, removed, marks, now)
  const rules = await readRules(trx)
  await refreshScores(trx, personIds, built.orders, rules.shop, now)
  await refreshMembers(
    trx,
    rules,
    rows.map((row) => row.person_id),
    now,
    (personId, cause) => reasons.get(personId) ?? cause,
  )
  await clearMarks(trx, 'dirty_persons', marks)
  await mark(trx, 'dirty_contacts', told)
  const left = [...before.values()].filter((row) => row.visitors > 0).map((row) => row.person_id)
  await markContacts(trx, personIds, left)
}

/** Ends the memberships of persons that are no more: a visitor was linked to a contact, or is gone. */
async function leaveAll(
  trx: Transaction<Database>,
  removed: PersonId[],
  marks: Mark<PersonId>[],
  now: number,
): Promise<void> {
  const remade = remadeBy(marks)
  const persons = removed.map(personOf)
  const visitors = persons.flatMap((person) => (person.kind === 'visitor' ? person.id : []))
  const there = await knownVisitors(trx, visitors)
  await removeAllMembers(trx, removed, (personId) => {
    const person = personOf(personId)
    if (remade.has(personId)) return { at: now, reason: 'rebuild' }
    if (person.kind === 'contact') return { at: now, reason: 'import' }
    return { at: now, reason: there.has(person.id) ? 'link' : 'event' }
  })
}

function remadeBy(marks: Mark<PersonId>[]): Set<PersonId> {
  return new Set(marks.filter(isOfRebuild).map(({ key }) => key))
}

/**
 * Why persons enter segments now, if the reason is not the event that made a segment's condition true. That event may be
 * long past when a rebuild recomputes persons, when a visitor is linked to a contact together with its history, or when
 * the CRM reports something from earlier.
 */
function changesOf(
  before: Map<PersonId, Standing>,
  marks: Mark<PersonId>[],
  rows: PersonRow[],
): Map<PersonId, MembershipReason> {
  const remade = remadeBy(marks)
  const reasons = new Map<PersonId, MembershipReason>()
  for (const row of rows) {
    const was = before.get(row.person_id)
    if (remade.has(row.person_id)) reasons.set(row.person_id, 'rebuild')
    else if (row.contact_id === null) continue
    else if ((was?.visitors ?? 0) !== row.visitors || (was && was.matched_at !== row.matched_at)) {
      reasons.set(row.person_id, 'link')
    } else if (!was || TOLD.some((column) => was[column] !== row[column])) reasons.set(row.person_id, 'import')
  }
  return reasons
}

/** What the CRM tells of a contact. */
const TOLD = ['mail_consent', 'minor', 'attributes'] as const

/** Re-evaluates the memberships of persons whose edge time has passed. */
export async function crossEdges(trx: Transaction<Database>, personIds: PersonId[], now: number): Promise<void> {
  await refreshMembers(trx, await readRules(trx), personIds, now, () => 'time')
  await markContacts(trx, personIds)
}

/** Judges up to `limit` persons by definitions that have changed. */
export async function judgeAgain(
  trx: Transaction<Database>,
  buckets: readonly number[] | null,
  now: number,
  limit: number,
): Promise<void> {
  await markContacts(trx, await judgingStep(trx, buckets, now, limit))
}

/**
 * Marks the contacts among persons that the feed may tell of, because they have visits or are among those that had them, and
 * the contacts who may be told of the persons' carts.
 */
async function markContacts(trx: Transaction<Database>, personIds: PersonId[], left: PersonId[] = []): Promise<void> {
  const visited = await visitedAmong(trx, contactsAmong(personIds).map(contactPerson))
  const contacts = contactsAmong([...visited, ...left])
  await mark(trx, 'dirty_contacts', [...contacts, ...(await typedContactsOf(trx, personIds))])
}
