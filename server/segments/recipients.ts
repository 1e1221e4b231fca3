/** The recipients of a mailing, one page at a time: named contacts, or the mailable members of a segment. */
import type { Kysely } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import { existingContacts } from '../store/contact-cards.ts'
import type { Database } from '../store/schema.ts'
import { findSegment } from './definitions.ts'
import { listMailable } from './mailable.ts'

/** A contact that gets no mail, and why. */
export type Rejected = { contact: string; code: string; message: string }

/** A page of recipients. `more`: another page follows. */
export type RecipientPage = { contacts: string[]; rejected: Rejected[]; more: boolean }

/** Reads the next page. */
export type Recipients = () => Promise<RecipientPage>

/** Recipients per page: minting their links takes about 15 ms, which blocks all other requests. */
const PAGE = 1000

/** Recipients by contact id. */
export function contactRecipients(db: Kysely<Database>, ids: string[]): Recipients {
  let from = 0
  return async () => {
    const part = ids.slice(from, from + PAGE)
    from += PAGE
    const existing = await existingContacts(db, part)
    const unknown = (contact: string) => ({ contact, code: 'unknown_contact', message: 'must be the id of a contact' })
    const rejected = part.filter((id) => !existing.has(id)).map(unknown)
    return { contacts: part.filter((id) => existing.has(id)), rejected, more: from < ids.length }
  }
}

/** The members of a segment as recipients; null if there is no such segment. */
export async function segmentRecipients(db: Kysely<Database>, id: string): Promise<Recipients | null> {
  if (!(await findSegment(db, id))) return null
  let position: PersonId | null = null
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
