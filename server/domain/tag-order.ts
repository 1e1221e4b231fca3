/** What a site's settings make of its tag: the code that it needs, and what is written into it. */
import type { TagSettings } from '../../tag/settings.ts'
import { categoryPurposes } from './consent-purposes.ts'
import type { Exactly } from './exact.ts'
import { NO_DATALAYER, type Site } from './settings.ts'

/** The settings baked into a tag, with the types of the site's settings. */
type BakedSettings = {
  [Name in keyof TagSettings]: Name extends 'site'
    ? Site['id']
    : Name extends 'consent_purposes'
      ? string
      : Name extends keyof Site['settings']
        ? Site['settings'][Name]
        : never
}

/** The settings to bake into a site's tag, exactly those that the tag is compiled against. */
function tagSettings(site: Site): Exactly<TagSettings, BakedSettings> {
  const { link_param, form_selectors, frames, datalayer, consent_source, consent_map } = site.settings
  const purposes = categoryPurposes(consent_source, consent_map)
  return {
    ...{ site: site.id, link_param, form_selectors, frames },
    ...(purposes === '' ? {} : { consent_purposes: purposes }),
    ...(datalayer === NO_DATALAYER ? {} : { datalayer }),
  }
}

/** The tag that a site needs. */
export function tagOrder(site: Site) {
  const { consent_source, form_selectors, datalayer } = site.settings
  const variant = { consent_source, forms: form_selectors.length > 0, datalayer: datalayer !== NO_DATALAYER }
  return { site: site.id, variant, settings: tagSettings(site) }
}
