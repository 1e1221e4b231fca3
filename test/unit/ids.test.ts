/** Ids that the compiler tells apart, and what becomes of the texts of an earlier version. */
import { expect, test } from 'vitest'
import {
  type ContactId,
  contactId,
  contactPerson,
  type PersonId,
  personOf,
  renewed,
  storedPerson,
  type VisitorId,
  visitorId,
  visitorPerson,
} from '../../server/domain/ids.ts'

const visitor = visitorId('web')
const contact = contactId('web')

// @ts-expect-error The id of a visitor is not that of a contact.
const notContact: ContactId = visitor
// @ts-expect-error Nor the other way round.
const notVisitor: VisitorId = contact
// @ts-expect-error A person's text is neither.
const noText: VisitorId = contactPerson(contact)
// @ts-expect-error And no other text is a person's.
const notPerson: PersonId = 'web'

test('what the compiler refuses are texts all the same', () => {
  for (const text of [notContact, notVisitor, noText, notPerson]) expect(text).toContain('web')
  expect(visitorPerson(visitor, 1)).not.toBe(contactPerson(contact))
})

test.each([
  ['the first epoch', 'v:web', 'web', 'web', 1],
  ['a later one', 'v:web:3', 'web', 'web', 3],
  ['the first of a visitor whose id ends like an epoch', 'v:web:3', 'web:3', 'web:3', 1],
  ['a later one of such a visitor', 'v:web:3:2', 'web:3', 'web:3', 2],
  ['one of whom no visitor is known', 'v:web:3', null, 'web:3', 1],
  ['one of another visitor, whose id begins alike', 'v:web', 'we', 'web', 1],
])('the text of an earlier version for %s is replaced', (_, former, on, id, epoch) => {
  const text = renewed(storedPerson(former), on === null ? null : visitorId(on))
  expect(personOf(text)).toEqual({ kind: 'visitor', id, epoch })
})
