/**
 * Reads the consent of a call: Segment's `context.consent.categoryPreferences` and RudderStack's
 * `context.consentManagement`, through the site's map of categories to purposes. A purpose is granted if one of its
 * categories says yes and none says no; a purpose that is not mentioned is denied.
 *
 * A call without preferences denies everything. Only a server with a secret key may vouch for its visitors instead, and
 * only if the site's map says so under `*`.
 */
import type { Site } from '../domain/settings.ts'

/** What a visitor allows, and whether the visitor stated it (`cmp`) or the site vouches for it (`manual`). */
export type Purposes = { analytics: boolean; identity: boolean; marketing: boolean; source: 'cmp' | 'manual' }

const NAMES = ['analytics', 'identity', 'marketing'] as const

/** The name under which a site's map lists what its servers vouch for. */
export const VOUCHED = '*'

/** Where a call's context states consent. */
type Stated = { consent?: unknown; consentManagement?: unknown }

/** Reads the consent of the contexts of one request: once each, because all its calls may share that of the batch. */
export function createConsentReader(site: Site, keyed: boolean): (context: Stated) => Purposes {
  let last: Stated | null = null
  let purposes = consentOf({}, site, keyed)
  return (context) => {
    const isSame = last?.consent === context.consent && last?.consentManagement === context.consentManagement
    if (!isSame) purposes = consentOf(context, site, keyed)
    last = context
    return purposes
  }
}

function consentOf(context: Stated, site: Site, keyed: boolean): Purposes {
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

/** The preferences by lower-case category, or null if the call has none. Anything but a yes is a no, and a no wins. */
function preferencesOf({ consent, consentManagement }: Stated): Map<string, boolean> | null {
  const pairs = [...segmentPairs(consent), ...rudderstackPairs(consentManagement)]
  const isStated = pairs.length > 0 || isRecord(Object(consent).categoryPreferences) || isRecord(consentManagement)
  if (!isStated) return null
  const said = new Map<string, boolean>()
  for (const [category, yes] of pairs) {
    const name = category.trim().toLowerCase()
    // A visitor's category must not pass for what only the site may vouch for.
    if (name !== VOUCHED) said.set(name, yes && said.get(name) !== false)
  }
  return said
}

function segmentPairs(consent: unknown): [string, boolean][] {
  const preferences = isRecord(consent) ? consent.categoryPreferences : null
  return isRecord(preferences) ? Object.entries(preferences).map(([name, value]) => [name, value === true]) : []
}

/** The ids that were allowed and denied. Of OneTrust's the allowed ones are members, with their names as values. */
function rudderstackPairs(management: unknown): [string, boolean][] {
  if (!isRecord(management)) return []
  const ids = (list: unknown): unknown[] =>
    Array.isArray(list)
      ? list
      : isRecord(list)
        ? Object.entries(list).flatMap(([id, name]) => (typeof name === 'string' || name === true ? id : []))
        : []
  const pairs = (list: unknown, yes: boolean) =>
    ids(list).flatMap((id): [string, boolean][] => (typeof id === 'string' ? [[id, yes]] : []))
  return [...pairs(management.allowedConsentIds, true), ...pairs(management.deniedConsentIds, false)]
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
