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
    // Anybody can make many such carts: only the times of all are read, from the index.
    const latest = await db
      .selectFrom('persons')
      .select((eb) => ['typed_contact_id', eb.fn.max('cart_updated_at').as('at')])
      .where('typed_contact_id', 'in', part)
      .groupBy('typed_contact_id')
      .$narrowType<{ typed_contact_id: NotNull }>()
      .execute()
    if (latest.length === 0) continue
    const told = await tellable(
      db,
      latest.map((row) => row.typed_contact_id),
    )
    for (const { typed_contact_id: contactId, at } of latest) {
      if (!told.has(contactId)) continue
      const person = await db
        .selectFrom('persons')
        .selectAll()
        .where('typed_contact_id', '=', contactId)
        .where('cart_updated_at', '=', at)
        .orderBy('person_id')
        .limit(1)
        .executeTakeFirst()
      if (person) typed.set(contactId, { ...person, typed_contact_id: contactId })
    }
  }
  return typed
}

/** Those of the contacts that may be mailed and are no match. */
async function tellable(db: Kysely<Database>, contactIds: ContactId[]): Promise<Set<ContactId>> {
  const mailable = await db
    .selectFrom('contacts')
    .select('contact_id')
    .where('contact_id', 'in', contactIds)
    .where('erased_at', 'is', null)
    .where('mail_consent', '=', 1)
    .where('minor', '=', 0)
    .execute()
  const matches = await db
    .selectFrom('persons')
    .select('person_id')
    .where('person_id', 'in', contactIds.map(contactPerson))
    .where('matched_at', 'is not', null)
    .execute()
  const matched = new Set(matches.map((row) => row.person_id))
  return new Set(mailable.map((row) => row.contact_id).filter((id) => !matched.has(contactPerson(id))))
}
