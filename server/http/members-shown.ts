/** Renders members of segments: since when they are in, why, and on what evidence, masked as a match is. */
import type { z } from '@hono/zod-openapi'
import type { Kysely } from 'kysely'
import { type Grade, reaches } from '../domain/grade.ts'
import { personOf } from '../domain/ids.ts'
import { grantsMarketing, mailability } from '../domain/mailability.ts'
import type { MatchStrength } from '../domain/match.ts'
import type { Member } from '../segments/member-list.ts'
import { loadCarts, stillOpen } from '../store/carts.ts'
import { type ContactCard, loadContactCards } from '../store/contact-cards.ts'
import { decodeJson, encodeJson } from '../store/schema/columns.ts'
import type { CartRow } from '../store/schema/derived.ts'
import type { Database } from '../store/schema.ts'
import { loadTyped } from '../store/typed.ts'
import type { memberSchema } from './export-shapes.ts'
import { iso, isoOrNull, nameOf, renderCart } from './shapes.ts'

/** What is read of a member. */
export type ShownMember = Pick<
  Member,
  | ('person_id' | 'contact_id' | 'entered_at' | 'reason' | 'evidence' | 'grade' | 'matched_at')
  | ('marketing' | 'visitors')
  | ('typed_contact_id' | 'cart_visitor_id' | 'cart_id' | 'carts_joined')
> & { strength: MatchStrength | null }

/**
 * Renders members, in their order. `aboutCarts`: without those who have no open cart. With a floor only carts that reach it
 * are shown.
 */
export async function renderMembers(
  db: Kysely<Database>,
  members: ShownMember[],
  { aboutCarts, floor, now }: { aboutCarts: boolean; floor: Grade | null; now: number },
): Promise<z.infer<typeof memberSchema>[]> {
  const open = await stillOpen(db, await loadCarts(db, members))
  const carts = new Map([...open].filter(([, cart]) => floor === null || reaches(cart.grade, floor)))
  const typed = await loadTyped(
    db,
    members.flatMap((member) => member.typed_contact_id ?? []),
  )
  const contacts = await loadContactCards(db, [
    ...members.flatMap((member) => member.contact_id ?? []),
    ...typed.keys(),
  ])
  return members
    .filter((member) => !aboutCarts || carts.has(member.person_id))
    .map((member) => {
      const cart = carts.get(member.person_id) ?? null
      const { typed_contact_id: typedId } = member
      const told = typedId !== null && cart !== null && typed.get(typedId)?.person_id === member.person_id
      const contactId = told ? typedId : member.contact_id
      const contact = (contactId === null ? undefined : contacts.get(contactId)) ?? null
      return renderMember(told && contact !== null ? asTyped(member) : member, contact, cart, now)
    })
}

/** A member whose cart is told to the contact whose typed address it carries, who may be mailed. */
function asTyped(member: ShownMember): ShownMember {
  return { ...member, strength: 'typed', evidence: encodeJson(['form_email']) }
}

function renderMember(
  member: ShownMember,
  contact: ContactCard | null,
  cart: CartRow | null,
  now: number,
): z.infer<typeof memberSchema> {
  const mail = mailability({
    contact: contact !== null,
    mailConsent: contact?.mail_consent ?? null,
    marketing: grantsMarketing(member),
    minor: contact?.minor === 1,
  })
  // The cart of a contact that may not be mailed is hidden; an anonymous visitor's cart identifies nobody.
  const shown = contact === null || mail.mailable
  return {
    person: personOf(member.person_id),
    contact: contact && { id: contact.id, name: nameOf(contact.attributes), email: contact.email },
    entered_at: iso(member.entered_at),
    reason: member.reason,
    mailable: mail.mailable,
    ...(mail.mailable ? {} : { why_not_mailable: mail.why }),
    strength: member.strength,
    evidence: decodeJson(member.evidence),
    grade: member.grade,
    matched_at: isoOrNull(member.matched_at),
    ...(shown && cart ? { cart: renderCart(cart, now) } : {}),
  }
}
