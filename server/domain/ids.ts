/**
 * Ids as values. A person is a contact, or an epoch of a visitor that belongs to no contact; tables keep it as one text.
 * The two functions at the end are the only ones that write and read such a text: everybody else passes it on as it is.
 */

declare const of: unique symbol

// Ids enter as plain texts in many places (the wire, addresses, files, rows), so a text may become the id of a visitor or
// a contact without a word; from there on one kind is never taken for the other, nor for a person's text.

/** The id of a visitor, as the wire allows it. */
export type VisitorId = string & { readonly [of]?: 'visitor' }
/** The id of a contact: the one that the CRM knows it by. */
export type ContactId = string & { readonly [of]?: 'contact' }
/** The text under which tables keep a person. */
export type PersonId = string & { readonly [of]: 'person' }

/** Whose a visit, a cart or a membership is. Epochs are counted from 1; a logout begins the next. */
export type Person = { kind: 'contact'; id: ContactId } | { kind: 'visitor'; id: VisitorId; epoch: number }

/** What the wire allows for the id of a visitor. A person's text relies on it: there is no `#` in it. */
export const VISITOR_ID_PATTERN = /^[A-Za-z0-9._:-]{1,64}$/

/** What begins the id of a visitor that stands for a user whom a server knows without a browser. */
export const USER_VISITOR = 's:u:'

/** A text as the id of a visitor: where it enters, from the wire, an address or a row. */
export function visitorId(text: string): VisitorId {
  return text as VisitorId
}

/** A text as the id of a contact: where it enters, from a file, an address or a row. */
export function contactId(text: string): ContactId {
  return text as ContactId
}

/** A person's text that was kept in a cursor or a mark, among texts of other kinds. */
export function storedPerson(text: string): PersonId {
  return text as PersonId
}

/** The person that a contact is. */
export function contactPerson(id: ContactId): PersonId {
  return personId({ kind: 'contact', id })
}

/** The person that an epoch of a visitor is while it belongs to no contact. */
export function visitorPerson(id: VisitorId, epoch: number): PersonId {
  return personId({ kind: 'visitor', id, epoch })
}

/** Those of the given persons that are contacts, by their ids. */
export function contactsAmong(persons: readonly PersonId[]): ContactId[] {
  return persons.flatMap((text) => {
    const person = personOf(text)
    return person.kind === 'contact' ? person.id : []
  })
}

/** Writes a person's text. Distinct persons have distinct texts: the epoch stands behind the last `#`. */
export function personId(person: Person): PersonId {
  return (person.kind === 'contact' ? `c:${person.id}` : `v:${person.id}#${person.epoch}`) as PersonId
}

/** Reads a person's text. A former one is read as a first epoch, as the version that wrote it did. */
export function personOf(text: PersonId): Person {
  if (text.startsWith('c:')) return { kind: 'contact', id: contactId(text.slice(2)) }
  const end = text.lastIndexOf('#')
  return end === -1
    ? { kind: 'visitor', id: visitorId(text.slice(2)), epoch: 1 }
    : { kind: 'visitor', id: visitorId(text.slice(2, end)), epoch: Number(text.slice(end + 1)) }
}

/**
 * The texts that were written before version 009 of the schema, as SQL's `like` finds them: `v:ID` for the first epoch and
 * `v:ID:N` for another, which told a visitor whose id holds a colon from nobody. A rebuild at the upgrade replaces them.
 */
export const FORMER_TEXTS = { like: storedPerson('v:%'), notLike: storedPerson('%#%') }

/** Today's text for a former one that stood on that visitor, if it is known on which. */
export function renewed(former: PersonId, visitor: VisitorId | null): PersonId {
  const text = former.slice(2)
  if (visitor === null || !text.startsWith(`${visitor}:`)) return visitorPerson(visitorId(text), 1)
  return visitorPerson(visitor, Number(text.slice(visitor.length + 1)))
}
