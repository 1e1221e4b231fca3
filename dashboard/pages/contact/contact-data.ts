/**
 * A customer with the requested part of the timeline. The timeline can be long and its past can change (a new proof
 * reaches back, a withdrawal removes events), so it is read again from the start, but only when the links or the
 * visitors with their event counts have changed.
 */
import type { Client, Contact, TimelineEvent } from '../../api.ts'

/** What the page shows. `basis` is the state on which the timeline was read. */
export type ContactData = {
  contact: Contact
  events: TimelineEvent[]
  pages: number
  next: string | null
  basis: string
}

/** Reads the customer and the first `depth` pages of events, reusing those in `before`. */
export async function readContact(
  client: Client,
  id: string,
  depth: number,
  before: ContactData | null,
  signal: AbortSignal,
): Promise<ContactData> {
  const contact = await client.contact(id, signal)
  const basis = JSON.stringify([contact.links, contact.visitors])
  const kept = before?.basis === basis ? before : { events: [], pages: 0, next: null }
  let { events, pages, next } = kept
  while (pages === 0 || (pages < depth && next !== null)) {
    const page = await client.timeline(id, next, signal)
    events = [...events, ...page.data]
    next = page.has_more ? page.next : null
    pages += 1
  }
  return { contact, events, pages, next, basis }
}

/** The customer's name from the CRM's attributes, under the names that CRMs use; null if there is none. */
export function nameOf({ attributes }: Contact): string | null {
  const text = (name: string) => (typeof attributes[name] === 'string' ? attributes[name].trim() : '')
  const whole = text('name') || text('full_name')
  const parts = [text('first_name') || text('firstname'), text('last_name') || text('lastname')].filter(Boolean)
  return whole || parts.join(' ') || null
}
