/** The mailable contacts of a segment, one page at a time, and why the others are not mailable. */
import type { Kysely } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import { grantsMarketing, mailability, type WhyNotMailable } from '../domain/mailability.ts'
import type { Database } from '../store/schema.ts'
import { listMembers } from './member-list.ts'

/** A page of a segment's contacts. Anonymous visitors are in neither list. `next` is null after the last page. */
export async function listMailable(
  db: Kysely<Database>,
  segmentId: string,
  after: PersonId | null,
  size: number,
): Promise<{ contacts: string[]; others: { contact: string; why: WhyNotMailable }[]; next: PersonId | null }> {
  const rows = await listMembers(db, segmentId, { floor: null, after, limit: size + 1 })
  const contacts: string[] = []
  const others: { contact: string; why: WhyNotMailable }[] = []
  for (const row of rows.slice(0, size)) {
    if (row.contact_id === null) continue
    const mail = mailability({
      contact: true,
      mailConsent: row.mail_consent,
      marketing: grantsMarketing(row),
      minor: row.minor === 1,
    })
    if (mail.mailable) contacts.push(row.contact_id)
    else others.push({ contact: row.contact_id, why: mail.why })
  }
  const last = rows[size - 1]
  const next = rows.length > size && last ? last.person_id : null
  return { contacts, others, next }
}
