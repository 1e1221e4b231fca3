/**
 * Reads the consent of a call of Segment's API: `context.consent.categoryPreferences`, through the site's map of
 * categories to purposes. A purpose is granted if one of its categories says yes and none says no; a purpose that is
 * not mentioned is denied.
 *
 * A call without preferences denies everything. Only a server with a secret key may vouch for its visitors instead, and
 * only if the site's map says so under `*`.
 */
import type { Site } from '../domain/settings.ts'

/** What a visitor allows, and whether the visitor stated it (`cmp`) or the site vouches for it (`manual`). */
export type Purposes = { analytics: boolean; identity: boolean; marketing: boolean; source: 'cmp' | 'manual' }

const NAMES = ['analytics', 'identity', 'marketing'] as const

/** The name under which a site's map lists what its servers vouch for. */
const VOUCHED = '*'

/** Reads the consent of the contexts of one request: once each, because all its calls may share that of the batch. */
export function createConsentReader(site: Site, keyed: boolean): (context: { consent?: unknown }) => Purposes {
  const read = new Map<unknown, Purposes>()
  return (context) => {
    const purposes = read.get(context.consent) ?? consentOf(context, site, keyed)
    read.set(context.consent, purposes)
    return purposes
  }
}

function consentOf(context: { consent?: unknown }, site: Site, keyed: boolean): Purposes {
  const stated = preferencesOf(context)
  const source = stated === null ? 'manual' : 'cmp'
  const said = stated ?? new Map(keyed ? [[VOUCHED, true]] : [])
  const purposes = { analytics: false, identity: false, marketing: false, source } as Purposes
  for (const purpose of NAMES) {
    const words = site.settings.consent_map
      .map((pair) => pair.split('=') as [string, string])
      .filter(([, to]) => to === purpose)
      .map(([category]) => said.get(category.trim().toLowerCase()))
    purposes[purpose] = words.includes(true) && !words.includes(false)
  }
  return purposes
}

/** The preferences by lower-case category, or null if the call has none. Anything but `true` is a no. */
function preferencesOf(context: { consent?: unknown }): Map<string, boolean> | null {
  const consent = context.consent
  if (typeof consent !== 'object' || consent === null) return null
  const preferences = (consent as Record<string, unknown>).categoryPreferences
  if (typeof preferences !== 'object' || preferences === null) return null
  const said = new Map<string, boolean>()
  for (const [category, value] of Object.entries(preferences)) {
    const name = category.trim().toLowerCase()
    // A visitor's category must not pass for what only the site may vouch for.
    if (name !== VOUCHED) said.set(name, value === true && said.get(name) !== false)
  }
  return said
}
