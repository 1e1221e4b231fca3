/**
 * `GET /l/:token`: the redirect of mail links. It only redirects: it sets no cookie, reads none, and claims nothing,
 * because gateways, previews and scanners fetch every link. The tag makes the claim on the landing page.
 */
import { isOnSite } from '../domain/link-target.ts'
import { Problem } from '../domain/problem.ts'
import type { Site } from '../domain/settings.ts'
import type { LinkToken } from '../domain/token.ts'
import type { Answer } from './accept.ts'
import { isBot } from './bot.ts'

/** What seems to fetch a link: a browser that opens a page, or a machine that checks where it leads. */
export type LinkFetch = 'page' | 'suspect'

/** What the redirect needs. `fetched` is called for each redirected link. */
export type LinkDeps = {
  sites: () => Iterable<Site>
  readLink: (linkSecret: string, token: string) => LinkToken | null
  fetched: (kind: LinkFetch) => void
}

/** A request for a link: its method, and its headers by lower-case name. */
export type LinkRequest = { method: string; header: (name: string) => string | undefined }

/** Shown to people whose link is incomplete or altered. It says nothing about the token, and loads nothing. */
const BROKEN_LINK = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>This link is incomplete</title>
<style>:root{color-scheme:light dark}body{font:18px/1.6 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.5rem}
h1{font-weight:500;font-size:1.6rem;line-height:1.3;margin:2.5rem 0 .5rem}</style></head>
<body><main>
<h1>This link is incomplete</h1>
<p>It was cut off or altered. Please open it again from the e-mail, or go to the shop’s own address.</p>
<div lang="fr"><h1>Ce lien est incomplet</h1>
<p>Il a été tronqué ou modifié. Ouvrez-le à nouveau depuis l’e-mail, ou rendez-vous directement sur le site de la boutique.</p></div>
</main></body></html>
`

/** Headers of every reply: a redirect is personal, and the next page must not learn where it came from. */
const HEADERS = { 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'x-robots-tag': 'noindex' }

/** Redirects to the token's page. A token that no site signed is a 400, as a page for those who accept HTML. */
export function followLink(token: string, { method, header }: LinkRequest, deps: LinkDeps): Answer {
  const page = landingPage(token, deps.sites(), deps.readLink)
  if (page !== null) {
    deps.fetched(linkFetch({ method, header }))
    return { status: 302, headers: { ...HEADERS, location: page }, body: '' }
  }
  if (!/\btext\/html\b/i.test(header('accept') ?? '')) {
    const detail = 'this link was not made by this shop, or not copied whole'
    throw new Problem(400, 'invalid_link', detail, { ...HEADERS, vary: 'Accept' })
  }
  const headers = {
    ...HEADERS,
    vary: 'Accept',
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  }
  return { status: 400, headers, body: BROKEN_LINK }
}

/** Classifies a fetch by its own headers. Only a metric depends on it: a disguised machine makes no claim either. */
export function linkFetch({ method, header }: LinkRequest): LinkFetch {
  const agent = header('user-agent')?.trim()
  const ahead = ['purpose', 'sec-purpose', 'x-moz'].some((name) =>
    /prefetch|prerender|preview/i.test(header(name) ?? ''),
  )
  const machine =
    method === 'HEAD' ||
    !agent ||
    isBot(agent) ||
    ahead ||
    header('x-purpose') !== undefined ||
    (header('sec-fetch-dest') ?? 'document') !== 'document'
  return machine ? 'suspect' : 'page'
}

/** The landing page of a token that one of the sites signed, with the token; null for anything else. */
function landingPage(token: string, sites: Iterable<Site>, read: LinkDeps['readLink']): string | null {
  for (const site of sites) {
    const said = read(site.link_secret, token)
    if (!said) {
      const plain = plainPage(site, token, read)
      if (plain !== null) return plain
      continue
    }
    // A mail tool that makes its own tokens may have signed something that is not a page.
    if (said.target !== null && !/^https?:$/.test(URL.parse(said.target)?.protocol ?? '')) return null
    return withToken(said.target ?? `${site.origins[0]}/`, token, site.settings.link_param)
  }
  return null
}

/**
 * The page of a token that a retired secret of the site signed: mails that were sent still redirect, but prove nothing.
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

/**
 * A page's address with a token under the site's parameter, in the fragment (`#cl`) or in the query. Where a router keeps
 * its page in the fragment (`#/rings/12`) the token is in that page's query, which no router takes for its path. A place on
 * the page (`#prices`) stands behind the token; the tag goes there once it has taken the token out.
 */
export function withToken(target: string, token: string, linkParam: string): string {
  const url = new URL(target)
  if (!linkParam.startsWith('#')) {
    url.searchParams.set(linkParam, token)
    return url.href
  }
  const own = url.hash.slice(1)
  if (/^!?\//.test(own)) url.hash = `${own}${own.includes('?') ? '&' : '?'}${linkParam.slice(1)}=${token}`
  else url.hash = `${linkParam}=${token}${own === '' ? '' : `&${own}`}`
  return url.href
}
