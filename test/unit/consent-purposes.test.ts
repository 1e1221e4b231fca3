/** Which purposes the categories of a consent platform grant in a site's tag, by the site's `consent_map`. */
import { expect, test } from 'vitest'
import { categoryPurposes } from '../../server/domain/consent-purposes.ts'
import { SETTINGS } from '../../server/domain/settings.ts'
import type { TagConsentSource } from '../../tag/wire.ts'

const DEFAULT = SETTINGS.consent_map.default

test.each<[what: string, source: TagConsentSource, map: string[], expected: string]>([
  ['the shop’s own call has none', 'manual', DEFAULT, ''],
  ['Osano’s one choice is for all', 'osano', DEFAULT, ',allow=aim'],
  ['and can be for less', 'osano', ['allow=analytics'], ',allow=a'],
  ['c15t’s are known', 'c15t', DEFAULT, ',measurement=a,functionality=i,marketing=m'],
  [
    'the site’s entry wins for its category alone',
    'c15t',
    ['experience=identity', 'functionality=marketing'],
    ',measurement=a,marketing=m,experience=i,functionality=m',
  ],
  [
    'a platform with names of its own gets no others',
    'google',
    [...DEFAULT, 'ad_storage=identity'],
    ',analytics_storage=a,ad_user_data=i,personalization_storage=i,ad_personalization=m,ad_storage=i',
  ],
  [
    'a publisher’s own purpose of TCF',
    'tcf',
    ['custom1=identity', 'tcf5=marketing'],
    ',tcf8=a,tcf9=a,tcf10=a,tcf6=i,tcf3=m,tcf4=m,custom1=i,tcf5=m',
  ],
  [
    'names are in lower case, and what a server vouches for is no category',
    'klaro',
    ['Mon Site=analytics', '*=marketing'],
    ',mon site=a',
  ],
  ['a category for two purposes', 'klaro', ['all=analytics', 'all=marketing', 'all=analytics'], ',all=am'],
])('%s', (_, source, map, expected) => {
  expect(categoryPurposes(source, map)).toBe(expected)
})

test('what is recognised has the categories of all platforms', () => {
  const all = categoryPurposes('auto', DEFAULT)
  for (const part of [
    ',allow=aim',
    ',tcf8=a',
    ',analytics_storage=a',
    ',measurement=a',
    ',analytic=a',
    ',statistics=a',
  ]) {
    expect(all).toContain(part)
  }
})
