/**
 * Which purposes the categories of a consent platform grant in a site's tag: those that the platform itself defines, and
 * what the site's `consent_map` says, which wins.
 */
import { CONSENT_PLATFORMS, type ConsentPlatform, type TagConsentSource } from '../../tag/wire.ts'

/** A platform's own categories, and the names that a site can map; without them any name can be a category of the site's. */
type Vocabulary = { own: readonly string[]; names?: RegExp }

/** The vocabulary of each platform. */
export const VOCABULARIES: Record<ConsentPlatform, Vocabulary> = {
  google: {
    own: [
      ...['analytics_storage=analytics', 'ad_user_data=identity', 'personalization_storage=identity'],
      ...['ad_storage=marketing', 'ad_personalization=marketing'],
    ],
    names: /^(ad_\w+|\w+_storage)$/,
  },
  tcf: {
    own: [
      ...['tcf8=analytics', 'tcf9=analytics', 'tcf10=analytics', 'tcf5=identity', 'tcf6=identity'],
      ...['tcf3=marketing', 'tcf4=marketing'],
    ],
    names: /^(tcf|custom)\d+$/,
  },
  'vanilla-cookieconsent': { own: ['functionality=identity', 'ads=marketing'] },
  klaro: { own: [] },
  tarteaucitron: { own: ['analytic=analytics', 'ads=marketing'] },
  osano: { own: ['allow=analytics', 'allow=identity', 'allow=marketing'], names: /^allow$/ },
  c15t: {
    own: ['measurement=analytics', 'functionality=identity', 'marketing=marketing'],
    names: /^(measurement|functionality|experience|marketing)$/,
  },
}

/** The purposes of each category, by their first letters, as the tag reads them: `,ads=m,allow=aim`. */
export function categoryPurposes(source: TagConsentSource, map: readonly string[]): string {
  if (source === 'manual') return ''
  const purposes = new Map<string, string>()
  for (const platform of source === 'auto' ? CONSENT_PLATFORMS : [source]) {
    const { own, names = /^[^*]/ } = VOCABULARIES[platform]
    const ofSite = map.map(pairOf).filter(([category]) => names.test(category))
    const mapped = new Set(ofSite.map(([category]) => category))
    const ofPlatform = own.map(pairOf).filter(([category]) => !mapped.has(category))
    for (const [category, purpose] of [...ofPlatform, ...ofSite]) {
      const letter = purpose.charAt(0)
      const known = purposes.get(category) ?? ''
      if (!known.includes(letter)) purposes.set(category, known + letter)
    }
  }
  return [...purposes].map(([category, letters]) => `,${category}=${letters}`).join('')
}

function pairOf(text: string): [category: string, purpose: string] {
  const [category = '', purpose = ''] = text.split('=')
  return [category.trim().toLowerCase(), purpose]
}
