/**
 * `GET /l/:token`: the redirect of mail links. It only leads on: it sets no cookie, reads none, and claims nothing,
 * because gateways, previews and scanners fetch every link. The claim is made by the tag on the landing page.
 */
import { isOnSite } from '../domain/link-target.ts'
import type { Site } from '../domain/settings.ts'
import type { LinkToken } from '../domain/token.ts'

/** The landing page of a token that one of the sites has signed, with the token; null for anything else. */
export function landingPage(
  token: string,
  sites: Iterable<Site>,
  read: (linkSecret: string, token: string) => LinkToken | null,
): string | null {
  for (const site of sites) {
    const said = read(site.link_secret, token)
    if (!said) {
      const plain = plainPage(site, token, read)
      if (plain !== null) return plain
      continue
    }
    // A mail tool that makes tokens itself may have signed what is no page.
    if (said.target !== null && !/^https?:$/.test(URL.parse(said.target)?.protocol ?? '')) return null
    return withToken(said.target ?? `${site.origins[0]}/`, token, site.settings.link_param)
  }
  return null
}

/**
 * The page of a token that an earlier secret of the site has signed: mails that were sent lead on, but prove nothing.
 * Whoever learned that secret could sign any page, so it must be one of the site's.
 */
function plainPage(
  site: Site,
  token: string,
  read: (linkSecret: string, token: string) => LinkToken | null,
): string | null {
  for (const secret of site.retired_link_secrets ?? []) {
    const said = read(secret, token)
    if (!said) continue
    const page = said.target ?? `${site.origins[0]}/`
    return URL.canParse(page) && isOnSite(page, site) ? page : null
  }
  return null
}

/** A page's address with a token under the site's parameter: in the fragment (`#cl`), or in the query. */
export function withToken(target: string, token: string, linkParam: string): string {
  const url = new URL(target)
  if (linkParam.startsWith('#')) {
    const own = url.hash.slice(1)
    url.hash = `${linkParam}=${token}${own === '' ? '' : `&${own}`}`
  } else url.searchParams.set(linkParam, token)
  return url.href
}
