/**
 * Persons whose carts carry a contact's address as somebody typed it into a form, where the site tells such carts
 * (`mail_typed_carts`). They are epochs of visitors that belong to nobody, and never stand in for the contact.
 */
import type { Kysely, NotNull } from 'kysely'
import { type ContactId, contactPerson, type PersonId } from '../domain/ids.ts'
import { chunks, ofKeys } from './engine/many.ts'
import type { PersonRow } from './schema/derived.ts'
import type { Database } from './schema.ts'

/** The person whose cart a contact may be told of. */
export type TypedPerson = PersonRow & { typed_contact_id: ContactId }

const selectTold = ofKeys((db, personIds: PersonId[]) =>
  db
    .selectFrom('persons')
    .select('typed_contact_id')
    .where('person_id', 'in', personIds)
    .where('typed_contact_id', 'is not', null)
    .$narrowType<{ typed_contact_id: NotNull }>(),
)

/** The contacts who may be told of the carts of these persons. */
export async function typedContactsOf(db: Kysely<Database>, personIds: PersonId[]): Promise<ContactId[]> {
  return (await selectTold(db, personIds)).map((row) => row.typed_contact_id)
}

/**
 * The person of the cart that each contact may be told of: the most recently changed one of those that carry its
 * address. None for a contact that is a match, because what is proven counts alone, or that may not be mailed.
 */
export async function loadTyped(
  db: Kysely<Database>,
  contactIds: readonly ContactId[],
): Promise<Map<ContactId, TypedPerson>> {
  const typed = new Map<ContactId, TypedPerson>()
  for (const part of chunks([...new Set(contactIds)], 500)) {
    const persons = await db
      .selectFrom('persons')
      .selectAll()
      .where('typed_contact_id', 'in', part)
      .orderBy('cart_updated_at')
      .orderBy('person_id')
      .$narrowType<{ typed_contact_id: NotNull }>()
      .execute()
    if (persons.length === 0) continue
    const ids = [...new Set(persons.map((person) => person.typed_contact_id))]
    const mailable = await db
      .selectFrom('contacts')
      .select('contact_id')
      .where('contact_id', 'in', ids)
      .where('erased_at', 'is', null)
      .where('mail_consent', '=', 1)
      .where('minor', '=', 0)
      .execute()
    const matches = await db
      .selectFrom('persons')
      .select('person_id')
      .where('person_id', 'in', ids.map(contactPerson))
      .where('matched_at', 'is not', null)
      .execute()
    const matched = new Set(matches.map((row) => row.person_id))
    const told = new Set(mailable.map((row) => row.contact_id).filter((id) => !matched.has(contactPerson(id))))
    for (const person of persons) if (told.has(person.typed_contact_id)) typed.set(person.typed_contact_id, person)
  }
  return typed
}
