/**
 * Finds out who calls Segment's API, and for which site. The key comes as the user name of HTTP Basic, as Bearer, or as
 * `writeKey` in the body or the query; the header takes precedence. A secret key must not be in the query, which ends in
 * the logs of proxies.
 *
 * A site's write key is public and names its site. A secret key names none: the site is appended to it (`KEY:SITE`,
 * which works wherever an SDK takes its write key), or is `site` in the query, the body or the calls' `context`, or
 * follows from a write key in the body; otherwise it is the shop's only site.
 */

import { usableKey } from '../domain/api-key.ts'
import { DEMO_SITE } from '../domain/demo.ts'
import { Problem } from '../domain/problem.ts'
import type { Site } from '../domain/settings.ts'
import type { CollectRequest } from './accept.ts'
import type { Directory } from './configuration.ts'

/** The caller. `keyed`: it has a secret key. `verified`: the key makes its logins proof. */
export type SegmentCaller = { site: Site; keyed: boolean; verified: boolean }

/** What is needed to identify the caller. */
export type SegmentAuthDeps = {
  configuration: Directory
  hashKey: (key: string) => string
  /** Notes that a key was used. */
  keyUsed: (id: string) => void
}

type Credential = { key: string; site?: string }

/** How the refusal of a key begins: RudderStack's SDKs look for these words and try again for ever without them. */
const INVALID_KEY = 'invalid write key: '

/** Finds the caller. 401 for a missing or unknown key, 403 for a missing scope, 400 if the site is unclear. */
export async function callerOf(
  { authorization, receivedAt, site: inQuery, writeKey: keyInQuery }: CollectRequest,
  body: Record<string, unknown>,
  calls: unknown[],
  deps: SegmentAuthDeps,
): Promise<SegmentCaller> {
  const { configuration, hashKey, keyUsed } = deps
  const inBody = [body, ...calls].map((each) => textOf(each, 'writeKey')).find((key) => key !== undefined)
  const credential = fromHeader(authorization) ?? (inBody === undefined ? null : parse(inBody))
  if (credential === null) {
    const site = keyInQuery === null ? undefined : await siteOfWriteKey(configuration, keyInQuery)
    if (site) return { site, keyed: false, verified: false }
    const must =
      'send a write key or a secret key as Basic, Bearer or writeKey in the body, or a write key in the query'
    throw new Problem(401, 'unknown_key', `${INVALID_KEY}${must}`)
  }
  const known = ofWriteKey(configuration, credential.key)
  if (known) return { site: known, keyed: false, verified: false }
  const found = await configuration.freshKey(hashKey(credential.key))
  // The search for a secret key has refreshed the directory: a site that was just created is known by now.
  const fresh = found === undefined ? ofWriteKey(configuration, credential.key) : undefined
  if (fresh) return { site: fresh, keyed: false, verified: false }
  const must = `${INVALID_KEY}it must be a site's write key or a secret key of this collector`
  const key = usableKey(found, receivedAt, must)
  keyUsed(key.id)
  if (!key.scopes.includes('events:write')) {
    throw new Problem(403, 'missing_scope', 'the key must have the scope events:write')
  }
  const named = credential.site ?? inQuery ?? siteIn(body, calls)
  const site = named === undefined ? siteWithout(configuration, inBody) : await configuration.freshSite(named)
  if (!site) throw new Problem(401, 'unknown_site', `site must be the id of a site of this collector (got "${named}")`)
  return { site, keyed: true, verified: key.scopes.includes('identify:write') }
}

/** The key in an `Authorization` header, as Bearer or as the user name of Basic; null if it has another form. */
export function keyInHeader(header: string): string | null {
  const text = textIn(header)
  return text === null ? null : parse(text).key
}

function textIn(header: string): string | null {
  const [, scheme, value] = /^(Basic|Bearer) +(\S+)$/i.exec(header.trim()) ?? []
  if (scheme === undefined || value === undefined) return null
  return scheme.toLowerCase() === 'basic' ? Buffer.from(value, 'base64').toString('utf8') : value
}

function fromHeader(header: string | undefined): Credential | null {
  if (header === undefined) return null
  const text = textIn(header)
  if (text === null) {
    const must = 'Authorization must be "Basic …" with the key as user name, or "Bearer KEY"'
    throw new Problem(401, 'unknown_key', `${INVALID_KEY}${must}`)
  }
  const credential = parse(text)
  // SDKs without a key still send an empty user name.
  return credential.key === '' ? null : credential
}

function parse(text: string): Credential {
  const [key = '', site = ''] = text.trim().split(':')
  return { key, ...(site === '' ? {} : { site }) }
}

/** The site with a write key. One that is unknown may belong to a site that was just created. */
export async function siteOfWriteKey(configuration: Directory, key: string): Promise<Site | undefined> {
  const known = ofWriteKey(configuration, key)
  if (known) return known
  await configuration.missed()
  return ofWriteKey(configuration, key)
}

function ofWriteKey(configuration: Directory, key: string): Site | undefined {
  for (const site of configuration.sites()) if (site.write_key !== '' && site.write_key === key) return site
  return undefined
}

/** The site that the body names, itself or in the context of its calls. */
function siteIn(body: Record<string, unknown>, calls: unknown[]): string | undefined {
  const inContext = [body, ...calls].map((each) => textOf((each as { context?: unknown } | null)?.context, 'site'))
  const named = new Set([textOf(body, 'site'), ...inContext].filter((site) => site !== undefined))
  if (named.size > 1) throw new Problem(400, 'invalid_request', 'a request must be about one site only')
  return [...named][0]
}

function siteWithout(configuration: Directory, writeKey: string | undefined): Site {
  const byKey = writeKey === undefined ? undefined : ofWriteKey(configuration, writeKey)
  if (byKey) return byKey
  const sites = [...configuration.sites()]
  const shops = sites.filter(({ id }) => id !== DEMO_SITE)
  const [only, ...others] = shops.length === 0 ? sites : shops
  if (only && others.length === 0) return only
  const names = shops.slice(0, NAMED_SITES).map(({ id }) => id)
  const list = shops.length > NAMED_SITES ? `${names.join(', ')} and others` : names.join(', ')
  throw new Problem(
    400,
    'invalid_request',
    `a secret key is good for all sites (${list}), so name one: write the key as KEY:SITE wherever the SDK takes its ` +
      'write key, or add ?site=SITE to the address, or send site in the body or as context.site',
  )
}

/** A refusal names at most so many sites. */
const NAMED_SITES = 10

function textOf(from: unknown, name: string): string | undefined {
  if (typeof from !== 'object' || from === null) return undefined
  const value = (from as Record<string, unknown>)[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
