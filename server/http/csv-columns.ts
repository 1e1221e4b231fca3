/** The CSV columns of each list, in order, and the cells of a row. */
import type { z } from '@hono/zod-openapi'
import { type ContactId, contactPerson } from '../domain/ids.ts'
import type { PersonCartRow } from '../store/schema/derived.ts'
import type { matchSchema, memberChangeSchema, memberSchema } from './export-shapes.ts'
import type { Cells } from './exports.ts'
import { type cartSchema, iso, renderCart, renderPastCart } from './shapes.ts'

/** A cart's cells; they are empty without a cart. */
function cartCells(cart: z.infer<typeof cartSchema> | null | undefined): Cells {
  return {
    cart_url: cart?.url,
    cart_value: cart?.value,
    cart_currency: cart?.currency,
    cart_updated_at: cart?.updated_at,
    cart_items: cart?.items.map((item) => `${item.quantity} × ${item.item_name ?? item.item_id}`).join(', '),
    cart_item_ids: cart?.items.map((item) => item.item_id).join(' '),
    cart_step: cart?.step,
    cart_abandoned_at: cart?.abandoned_at,
  }
}

const CART_COLUMNS = Object.keys(cartCells(null))

const MATCH_COLUMNS = [
  ...['seq', 'change', 'reason', 'contact_id', 'email', 'email_sha256', 'strength', 'evidence', 'matched_at'],
  ...['last_seen_at', 'visitors', 'mailable', 'why_not_mailable', 'segments'],
  ...CART_COLUMNS,
  ...['purchased', 'grade', 'cart_grade'],
]

function matchCells(match: z.infer<typeof matchSchema>): Cells {
  const { seq, change, reason, strength, matched_at, last_seen_at, visitors, mailable, why_not_mailable } = match
  return {
    ...{ seq, change, reason, strength, matched_at, last_seen_at, visitors, mailable, why_not_mailable },
    contact_id: match.contact.id,
    email: match.contact.email,
    email_sha256: match.contact.email_sha256,
    evidence: match.evidence?.join(' '),
    segments: match.segments?.map((segment) => segment.id).join(' '),
    ...cartCells(match.cart),
    purchased: match.purchased?.join(' '),
    grade: match.grade,
    cart_grade: match.cart?.grade,
  }
}

const MEMBER_COLUMNS = [
  ...['person_kind', 'person_id', 'epoch', 'contact_id', 'name', 'email', 'entered_at', 'mailable', 'why_not_mailable'],
  ...['strength', 'evidence', 'matched_at'],
  ...CART_COLUMNS,
  ...['reason', 'grade', 'cart_grade'],
]

function memberCells(member: z.infer<typeof memberSchema>): Cells {
  const { entered_at, mailable, why_not_mailable, strength, matched_at, reason, grade } = member
  return {
    ...{ entered_at, mailable, why_not_mailable, strength, matched_at, reason, grade },
    person_kind: member.person.kind,
    person_id: member.person.id,
    epoch: member.person.kind === 'visitor' ? member.person.epoch : null,
    contact_id: member.contact?.id,
    name: member.contact?.name,
    email: member.contact?.email,
    evidence: member.evidence.join(' '),
    ...cartCells(member.cart),
    cart_grade: member.cart?.grade,
  }
}

/** Matches as CSV. */
export const MATCH_CSV = { columns: MATCH_COLUMNS, cells: matchCells }

/** Members of a segment as CSV. */
export const MEMBER_CSV = { columns: MEMBER_COLUMNS, cells: memberCells }

/** Entries into a segment and exits from it as CSV. */
export const MEMBER_CHANGE_CSV = {
  columns: ['seq', 'id', 'change', 'at', ...MEMBER_COLUMNS],
  cells: ({ seq, id, change, at, ...member }: z.infer<typeof memberChangeSchema>): Cells => {
    return { seq, id, change, at, ...memberCells(member) }
  },
}

/** The carts of a contact's export. `typed`: the cart is nobody's, and carries the contact's address. */
export const EXPORTED_CARTS = {
  columns: [
    ...['visitor', 'id', 'state', 'currency', 'value', 'items', 'url', 'created_at', 'updated_at', 'typed', 'step'],
    ...['abandoned_at', 'closed_at', 'recovered_at', 'recovered_by', 'recovered_value'],
  ],
  row: (cart: PersonCartRow, contact: ContactId, now: number) => ({
    ...(cart.state === 'open' ? renderCart(cart, now) : renderPastCart(cart, now)),
    ...{ visitor: cart.visitor_id, created_at: iso(cart.created_at), typed: cart.person_id !== contactPerson(contact) },
  }),
}
