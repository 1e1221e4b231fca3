/**
 * Writes persons as they were read, then the memberships that follow, and marks the contacts whose match may read
 * differently now.
 */
import type { Transaction } from 'kysely'
import { contactsAmong, type PersonId } from '../domain/ids.ts'
import type { MembershipReason } from '../domain/membership.ts'
import { judgingStep } from '../segments/judging-step.ts'
import { refreshMembers } from '../segments/members.ts'
import { findStandings, type Standing, writePersons } from '../store/persons.ts'
import type { PersonRow } from '../store/schema/derived.ts'
import type { Database } from '../store/schema.ts'
import { clearMarks, isOfRebuild, type Mark, mark } from '../store/work/dirty.ts'

/** Works off the marks of persons, of whom `rows` are those who are there. */
export async function replacePersons(
  trx: Transaction<Database>,
  marks: Mark<PersonId>[],
  rows: PersonRow[],
  now: number,
): Promise<void> {
  const personIds = marks.map(({ key }) => key)
  const reasons = changesOf(await findStandings(trx, personIds), marks, rows)
  await writePersons(trx, personIds, rows)
  await refreshMembers(
    trx,
    rows.map((row) => row.person_id),
    now,
    (personId, cause) => reasons.get(personId) ?? cause,
  )
  await clearMarks(trx, 'dirty_persons', marks)
  await markContacts(trx, personIds)
}

/**
 * Why persons enter segments now, as far as it is not what made a segment's condition come true: that may be long past
 * where a rebuild makes them again, where a visitor is linked to a contact with all it did before, or where the CRM
 * says something of earlier.
 */
function changesOf(
  before: Map<PersonId, Standing>,
  marks: Mark<PersonId>[],
  rows: PersonRow[],
): Map<PersonId, MembershipReason> {
  const remade = new Set(marks.filter(isOfRebuild).map(({ key }) => key))
  const reasons = new Map<PersonId, MembershipReason>()
  for (const row of rows) {
    const was = before.get(row.person_id)
    if (remade.has(row.person_id)) reasons.set(row.person_id, 'rebuild')
    else if (row.contact_id === null) continue
    else if (was?.visitors !== row.visitors || was.matched_at !== row.matched_at) reasons.set(row.person_id, 'link')
    else if (was.mail_consent !== row.mail_consent || was.minor !== row.minor) reasons.set(row.person_id, 'import')
  }
  return reasons
}

/** Judges persons again for whom time has crossed an edge. */
export async function crossEdges(trx: Transaction<Database>, personIds: PersonId[], now: number): Promise<void> {
  await refreshMembers(trx, personIds, now, () => 'time')
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

function markContacts(trx: Transaction<Database>, personIds: PersonId[]): Promise<void> {
  return mark(trx, 'dirty_contacts', contactsAmong(personIds))
}
