/** What the rows of persons say of them before they are replaced, and what mails to a contact rest on. */
import type { Kysely } from 'kysely'
import { contactPerson, contactsAmong, type PersonId } from '../domain/ids.ts'
import { grantsMarketing } from '../domain/mailability.ts'
import { ofKeys } from './engine/many.ts'
import type { PersonRow } from './schema/derived.ts'
import type { Database } from './schema.ts'

/** A person's state before its row is replaced, limited to what explains why a membership changes. */
export type Standing = Pick<
  PersonRow,
  'person_id' | 'visitors' | 'matched_at' | 'mail_consent' | 'minor' | 'attributes'
>

const selectStandings = ofKeys((db, personIds: PersonId[]) =>
  db
    .selectFrom('persons')
    .select(['person_id', 'visitors', 'matched_at', 'mail_consent', 'minor', 'attributes'])
    .where('person_id', 'in', personIds),
)

/** The standings of the contacts among the given persons; new persons have no entry. */
export async function findStandings(db: Kysely<Database>, personIds: PersonId[]): Promise<Map<PersonId, Standing>> {
  const contacts = contactsAmong(personIds).map(contactPerson)
  return new Map((await selectStandings(db, contacts)).map((row) => [row.person_id, row]))
}

const selectVisited = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('persons').select('person_id').where('person_id', 'in', personIds).where('visitors', '>', 0),
)

/** Those of the given persons that have visits, as their rows say. */
export async function visitedAmong(db: Kysely<Database>, personIds: PersonId[]): Promise<Set<PersonId>> {
  return new Set((await selectVisited(db, personIds)).map((row) => row.person_id))
}

/** What a contact's mailability rests on besides its own record, as lists say it. */
export async function loadPermission(
  db: Kysely<Database>,
  personId: PersonId,
): Promise<{ marketing: boolean; minor: boolean }> {
  const row = await db
    .selectFrom('persons')
    .select(['marketing', 'visitors', 'minor'])
    .where('person_id', '=', personId)
    .executeTakeFirst()
  return { marketing: row !== undefined && grantsMarketing(row), minor: row?.minor === 1 }
}
