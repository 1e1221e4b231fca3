/**
 * The page's address as events may carry it. A link token is a claim to somebody's identity: it must leave the address
 * bar before anything else runs, and no event may carry the token or the fragment in `url` or `referrer`.
 */

/** `param` is `#cl` or a query name; the token stands behind `?`, `#` or `&` and ends at the next `&`. */
function tokenPattern(param: string): RegExp {
  return new RegExp(`([?#&])${param.replace('#', '')}=([^&#]+)&?`)
}

/** A query or a fragment without the token and without the separator that it leaves at the end. */
function withoutToken(part: string, param: string): string {
  return part.replace(tokenPattern(param), '$1').replace(/[?#&]$/, '')
}

/**
 * Takes the link token out of the address bar and returns it. The other parts of the query and of the fragment stay,
 * and so does `history.state`, which belongs to the shop's router.
 */
export function takeLinkToken(param: string): string | undefined {
  const part = param[0] === '#' ? location.hash : location.search
  const found = tokenPattern(param).exec(part)
  if (!found) return
  history.replaceState(
    history.state,
    '',
    location.href.replace(part, () => withoutToken(part, param)),
  )
  return found[2]
}

/** An address as an event may carry it. The collector filters the other query parameters. */
export function publicUrl(url: string, param: string): string {
  const page = url.split('#')[0]!
  return param[0] === '#' ? page : withoutToken(page, param)
}
