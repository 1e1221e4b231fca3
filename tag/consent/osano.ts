/**
 * Osano's cookieconsent 3: one choice for everything, as the category `allow`. Dismissing the banner is no consent, whatever
 * `hasConsented()` says; revoking the choice takes it back until the next.
 *
 * It keeps the choice in a cookie only, which its own functions read. A page that names the cookie otherwise must load the
 * tag before it starts the banner, so that the tag sees the name.
 */
import type { Watch } from './source.ts'
import { type Source, watchPlatforms } from './watch.ts'

type Popup = { getStatus: () => string | undefined }
type Page = {
  cookieconsent?: {
    initialise: (options: object, done?: (popup: Popup) => void, ...rest: unknown[]) => void
    utils: { getCookie: (name: string) => string | undefined }
  }
}

/** Reads `window.cookieconsent`. */
export const osano: Source = () => {
  const platform = (window as Page).cookieconsent
  if (!platform?.utils) return
  let name = 'cookieconsent_status'
  const { initialise } = platform
  platform.initialise = function (options, ...rest) {
    const { cookie } = options as { cookie?: { name?: string } }
    name = cookie?.name || name
    return initialise.call(this, options, ...rest)
  }
  return () => {
    const status = platform.utils.getCookie(name)
    return /^(allow|deny)$/.test(`${status}`) && { states: [['allow', status === 'allow']] }
  }
}

/** Watches it. */
export const watch: Watch = (tell, settings) => watchPlatforms([['osano', osano]], tell, settings)
