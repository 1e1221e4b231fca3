/**
 * What belongs to the demo: its site, and the ids of its customers. A prefix is reserved for these, so that no CRM has
 * one and the demo can be removed without touching a contact of the shop's own.
 */

/** The site of the demo shop. */
export const DEMO_SITE = 'demo'

/** How the ids of the demo's customers begin; imports of other contacts under such ids are rejected. */
const DEMO_CONTACT = 'couture-demo-'

/** Whether a contact is a customer of the demo. */
export function isDemoContact(id: string): boolean {
  return id.startsWith(DEMO_CONTACT)
}

/** Whether one of these sites is a shop's own. */
export function hasRealSite(sites: Iterable<{ id: string }>): boolean {
  for (const { id } of sites) if (id !== DEMO_SITE) return true
  return false
}
