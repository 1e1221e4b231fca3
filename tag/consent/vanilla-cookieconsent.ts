/**
 * vanilla-cookieconsent 3. Categories are the site's own, and its services; those that are read-only were not the
 * visitor's choice.
 *
 * Bundled as a module it has no global, and tells the page of a stored choice once, in an event that may come before the
 * tag. Then the tag reads the cookie in which it keeps that choice, once it has had the time to ask again, as it does where
 * its `revision` has changed.
 */
import type { Watch } from './source.ts'
import { type Source, watchPlatforms } from './watch.ts'

/** The looks after which a platform that asks again has shown its banner: about two seconds. */
const PATIENCE = 12

type Stored = { categories?: string[]; services?: Record<string, string[]>; revision?: number }
type Page = {
  _ccRun?: boolean
  CookieConsent?: {
    validConsent?: () => boolean
    getCookie: () => Stored
    getConfig: (name: 'categories') => Record<string, { readOnly?: boolean }>
  }
}

/** Reads the platform's events, its global if it has one, and else its cookie. */
export const vanilla: Source = (changed) => {
  let stored: Stored | undefined | false
  let looks = 0
  const take = (event: unknown) => {
    stored = (event as CustomEvent<{ cookie: Stored }>).detail.cookie
    changed()
  }
  addEventListener('cc:onConsent', take)
  addEventListener('cc:onChange', take)
  return () => {
    const { CookieConsent: platform, _ccRun: hasRun } = window as Page
    let fixed: Record<string, { readOnly?: boolean }> = {}
    if (platform?.validConsent) {
      stored = platform.validConsent() && platform.getCookie()
      fixed = platform.getConfig('categories') || {}
    } else if (!stored && hasRun && looks++ > PATIENCE && !document.documentElement.matches('.show--consent')) {
      const cookie = /(?:^|; )cc_cookie=([^;]*)/.exec(document.cookie)
      stored = cookie && JSON.parse(decodeURIComponent(cookie[1]!))
    }
    const { categories, services, revision } = stored || {}
    if (!categories) return
    const chosen = categories.filter((name) => !fixed[name]?.readOnly)
    for (const name of Object.keys(services || {})) chosen.push(...services![name]!)
    return { states: chosen.map((name) => [name, true]), policy: `revision ${revision}` }
  }
}

/** Watches it. */
export const watch: Watch = (tell, settings) => watchPlatforms([['vanilla-cookieconsent', vanilla]], tell, settings)
