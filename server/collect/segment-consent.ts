/**
 * What a call of Segment's API says of consent: `context.consent.categoryPreferences`, through the site's map of
 * categories to purposes. A purpose stands if a category of it says yes and none says no; what nobody mentions is no.
 *
 * A call without preferences is a no to everything. Only a server with a secret key may speak for its visitors
 * instead, and only where the site's map says so under `*`.
 */
import type { Site } from '../domain/settings.ts'

/** What a visitor allows, and whether the visitor said so (`cmp`) or the site vouches for it (`manual`). */
export type Purposes = { analytics: boolean; identity: boolean; marketing: boolean; source: 'cmp' | 'manual' }

const NAMES = ['analytics', 'identity', 'marketing'] as const

/** The name under which a site's map says what its servers vouch for. */
const VOUCHED = '*'

/** Reads the consent of a call's context. */
export function consentOf(context: Record<string, unknown>, site: Site, keyed: boolean): Purposes {
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

/** The preferences by category in lower case, or null where the call has none. Anything but `true` is a no. */
function preferencesOf(context: Record<string, unknown>): Map<string, boolean> | null {
  const consent = context.consent
  if (typeof consent !== 'object' || consent === null) return null
  const preferences = (consent as Record<string, unknown>).categoryPreferences
  if (typeof preferences !== 'object' || preferences === null) return null
  const said = new Map<string, boolean>()
  for (const [category, value] of Object.entries(preferences)) {
    const name = category.trim().toLowerCase()
    // No visitor's category stands for what only a site may vouch for.
    if (name !== VOUCHED) said.set(name, value === true && said.get(name) !== false)
  }
  return said
}
