/**
 * The page's address as events may carry it. A link token is a claim to somebody's identity: it must leave the address
 * bar before anything else runs, and no event may carry the token in `url` or `referrer`, nor a fragment that is not a page.
 */
import { URL_LENGTH } from './envelope.ts'

/** `param` is `#cl` or a query name; the token stands behind `?`, `#` or `&` and ends at the next `&`. */
function tokenPattern(param: string): RegExp {
  return new RegExp(`([?#&])${param.replace('#', '')}=([^&#]+)&?`)
}

/** A query or a fragment without the token and without the separator that it leaves at the end. */
function withoutToken(part: string, param: string): string {
  return part.replace(tokenPattern(param), '$1').replace(/[?#&]$/, '')
}

/** The page that a router keeps in the fragment (`#/rings/12`, `#!/rings`), or nothing: other fragments are places. */
export function routeIn(url: string): string {
  return /#!?\/.*/.exec(url)?.[0] || ''
}

/**
 * Takes the link token out of the address bar and returns it. The other parts of the query and of the fragment stay,
 * and so does `history.state`, which belongs to the shop's router. The browser goes to a place on the page now, because it
 * could not find it while the token stood before it.
 */
export function takeLinkToken(param: string): string | undefined {
  const part = param[0] === '#' ? location.hash : location.search
  const found = tokenPattern(param).exec(part)
  if (!found) return
  const { state } = history
  const url = location.href.replace(part, () => withoutToken(part, param))
  history.replaceState(state, '', url)
  if (param[0] === '#' && url.includes('#') && !routeIn(part)) {
    location.replace(url)
    history.replaceState(state, '')
  }
  return found[2]
}

/** An address as an event may carry it. The collector filters the query parameters. */
export function publicUrl(url: string, param: string): string {
  const page = url.split('#')[0]!
  const route = routeIn(url)
  const clean = param[0] === '#' ? page + withoutToken(route, param) : withoutToken(page, param) + route
  return clean.slice(0, URL_LENGTH)
}
