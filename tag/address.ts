/**
 * The page's address as events may carry it. A link token is a claim to somebody's identity: it must leave the address
 * bar before anything else runs, and no event may carry the token in `url` or `referrer`, nor a fragment that is not a page.
 */

/** Longer addresses are cut: what follows is a query of which the collector keeps little. */
const URL_LENGTH = 2048

/** `param` is `#cl` or a query name; the token stands behind `?`, `#` or `&` and ends at the next `&`. */
function tokenPattern(param: string): RegExp {
  return new RegExp(`([?#&])${param.replace('#', '')}=([^&#]+)&?`)
}

/** A query or a fragment without the token and without the separator that it leaves at the end. */
function withoutToken(part: string, pattern: RegExp): string {
  return part.replace(pattern, '$1').replace(/[?#&]$/, '')
}

/** An address without its fragment, unless a router keeps its page there (`#/rings/12`, `#!/rings`). */
export function pageUrl(url: string): string {
  return url.replace(/#(?!!?\/).*/, '')
}

/**
 * Takes the link token out of the address bar and returns it. The other parts of the query and of the fragment stay,
 * and so does `history.state`, which belongs to the shop's router. The browser goes to a place on the page now, because it
 * could not find it while the token stood before it.
 */
export function takeLinkToken(param: string): string | undefined {
  const pattern = tokenPattern(param)
  const isFragment = param[0] === '#'
  const part = isFragment ? location.hash : location.search
  const found = pattern.exec(part)
  if (!found) return
  const { state } = history
  const url = location.href.replace(part, () => withoutToken(part, pattern))
  history.replaceState(state, '', url)
  if (isFragment && pageUrl(url) !== url) {
    location.replace(url)
    history.replaceState(state, '')
  }
  return found[2]
}

/** An address as an event may carry it. The collector filters the query parameters. */
export function publicUrl(url: string, param: string): string {
  const pattern = tokenPattern(param)
  const [page, route] = pageUrl(url).split('#')
  const isFragment = param[0] === '#'
  const clean = isFragment ? page! : withoutToken(page!, pattern)
  return (route ? clean + (isFragment ? withoutToken(`#${route}`, pattern) : `#${route}`) : clean).slice(0, URL_LENGTH)
}
