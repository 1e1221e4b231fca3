/**
 * Writes persons as they were read, then the memberships that follow, and marks the contacts whose match may read
 * differently now.
 */
import type { Transaction } from 'kysely'
import { contactsAmong, type PersonId } from '../domain/ids.ts'
import { refreshMembers } from '../segments/members.ts'
import { writePersons } from '../store/persons.ts'
import type { PersonRow } from '../store/schema/derived.ts'
import type { Database } from '../store/schema.ts'
import { clearMarks, type Mark, mark } from '../store/work/dirty.ts'

/** Works off the marks of persons, of whom `rows` are those who are there. */
export async function replacePersons(
  trx: Transaction<Database>,
  marks: Mark<PersonId>[],
  rows: PersonRow[],
  now: number,
): Promise<void> {
  const personIds = marks.map(({ key }) => key)
  await writePersons(trx, personIds, rows)
  await refreshMembers(
    trx,
    rows.map((row) => row.person_id),
    now,
  )
  await clearMarks(trx, 'dirty_persons', marks)
  await markContacts(trx, personIds)
}

/** Judges persons again for whom time has crossed an edge. */
export async function crossEdges(trx: Transaction<Database>, personIds: PersonId[], now: number): Promise<void> {
  await refreshMembers(trx, personIds, now)
  await markContacts(trx, personIds)
}

function markContacts(trx: Transaction<Database>, personIds: PersonId[]): Promise<void> {
  return mark(trx, 'dirty_contacts', contactsAmong(personIds))
}
