/** Whom a mailing goes to, a page at a time: contacts that are named, or the members of a segment that may be mailed. */
import type { Kysely } from 'kysely'
import { existingContacts } from '../store/contacts.ts'
import type { Database } from '../store/schema.ts'
import { findSegment } from './definitions.ts'
import { listMailable, type MemberCursor } from './mailable.ts'

/** A contact that gets no mail, and why. */
export type Rejected = { contact: string; code: string; message: string }

/** A page of recipients. `more`: there are others after it. */
export type RecipientPage = { contacts: string[]; rejected: Rejected[]; more: boolean }

/** Reads the next page. */
export type Recipients = () => Promise<RecipientPage>

/** Recipients of one page: to mint their links takes about 15 ms, for which nothing else is answered. */
const PAGE = 1000

/** The contacts of these ids. */
export function contactRecipients(db: Kysely<Database>, ids: string[]): Recipients {
  let from = 0
  return async () => {
    const part = ids.slice(from, from + PAGE)
    from += PAGE
    const there = await existingContacts(db, part)
    const unknown = (contact: string) => ({ contact, code: 'unknown_contact', message: 'must be the id of a contact' })
    const rejected = part.filter((id) => !there.has(id)).map(unknown)
    return { contacts: part.filter((id) => there.has(id)), rejected, more: from < ids.length }
  }
}

/** The contacts of a segment; null if there is no such segment. */
export async function segmentRecipients(db: Kysely<Database>, id: string): Promise<Recipients | null> {
  if (!(await findSegment(db, id))) return null
  let position: MemberCursor | null = null
  return async () => {
    const { contacts, others, next } = await listMailable(db, id, position, PAGE)
    position = next
    const message = 'must be somebody who may be mailed'
    return {
      contacts,
      rejected: others.map(({ contact, why }) => ({ contact, code: why, message })),
      more: next !== null,
    }
  }
}
