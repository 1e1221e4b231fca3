/**
 * `couture doctor https://shop.example`: looks at a shop's page as a browser gets it, and says what would keep the tag from
 * working there. The page is only read, never run, unless there is a Chromium: then what a tag manager inserts is seen too.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { hostName } from './address.ts'
import type { Finding } from './doctor.ts'

/** What was found: the tag's own address if the page has one. `isPage` is false where no HTML answers. */
export type PageReport = { findings: Finding[]; tag: string | null; isPage: boolean }

const PAGE_MS = 15_000
/** A page is read up to this length: the tag belongs into its head. */
const PAGE_BYTES = 5 * 1024 * 1024

/** Marks of consent platforms in a page, by the value of `consent_source` that reads them. */
const PLATFORMS: Record<string, RegExp> = {
  'vanilla-cookieconsent': /cookieconsent(?:\.umd|\.esm)?(?:\.min)?\.js|CookieConsent\.run/,
  klaro: /\bklaro(?:-no-css)?(?:\.min)?\.js|\bklaroConfig\b/,
  tarteaucitron: /tarteaucitron/i,
  osano: /cookieconsent\.initiali[sz]e/,
  c15t: /\bc15t/i,
  tcf: /__tcfapi/,
  google: /['"]consent['"]\s*,\s*['"](?:default|update)['"]/,
}

/** Where a Chromium usually is; the environment's `CHROMIUM_PATH` comes first. */
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The page after its scripts have run, if there is a browser; null if there is none, or if it fails. */
export function renderPage(url: string): Promise<string | null> {
  const browser = [process.env.CHROMIUM_PATH, ...BROWSERS].find((path) => path && existsSync(path))
  if (browser === undefined) return Promise.resolve(null)
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const switches = ['--headless', '--disable-gpu', ...asRoot, '--virtual-time-budget=5000', '--dump-dom', url]
  const options = { timeout: 2 * PAGE_MS, maxBuffer: PAGE_BYTES }
  return new Promise((resolve) => {
    execFile(browser, switches, options, (error, page) => resolve(error ? null : page))
  })
}

/** Examines a page. `render` is asked only where the page as it is served has no tag. */
export async function checkPage(
  url: string,
  deps: { fetch: typeof fetch; render: (url: string) => Promise<string | null> },
): Promise<PageReport> {
  let answer: Response
  let html: string
  try {
    answer = await deps.fetch(url, { signal: AbortSignal.timeout(PAGE_MS) })
    html = (await answer.text()).slice(0, PAGE_BYTES)
  } catch {
    return { findings: [], tag: null, isPage: false }
  }
  if (!answer.ok || !/html/.test(answer.headers.get('content-type') ?? '')) {
    return { findings: [], tag: null, isPage: false }
  }
  const page = answer.url || url
  let found = tagIn(html)
  if (found === null) {
    const rendered = await deps.render(page)
    found = tagIn(rendered ?? '')
    html += rendered ?? ''
  }
  if (found === null) {
    const what = `there is no tag on ${page}; paste the snippet that \`couture init\` prints into its head. A tag that is inserted only after a click is not seen here`
    return { findings: [{ state: 'wrong', what }], tag: null, isPage: true }
  }
  const tag = new URL(found.replaceAll('&amp;', '&'), page)
  const policies = [answer.headers.get('content-security-policy') ?? '', ...metaPolicies(html)]
  const findings: Finding[] = [
    { state: 'ok', what: `${page} has the tag ${tag.href}` },
    ...checkPolicies(policies.filter(Boolean), new URL(page), tag, html),
    ...checkPlatforms(html),
    ...(await checkFiles(tag, deps.fetch)),
    checkCookie(new URL(page), tag),
  ]
  return { findings, tag: tag.href.split('?')[0] ?? tag.href, isPage: true }
}

/** An element longer than this is cut. */
const MAX_ELEMENT = 4000

/** The opening tags of the elements of a name, such as `<script src="…">`. */
function elementsOf(html: string, name: 'script' | 'meta'): string[] {
  const lower = html.toLowerCase()
  const found: string[] = []
  for (let at = lower.indexOf(`<${name}`); at !== -1; at = lower.indexOf(`<${name}`, at + 1)) {
    const element = html.slice(at, at + MAX_ELEMENT)
    const end = element.indexOf('>')
    found.push(end === -1 ? element : element.slice(0, end + 1))
  }
  return found
}

/** The address of the tag in a page, as it is written there, or null. */
function tagIn(html: string): string | null {
  for (const element of elementsOf(html, 'script')) {
    const src = /\ssrc\s*=\s*["']?([^"'\s>]{1,2000})/i.exec(element)?.[1] ?? ''
    if (/\/tag(?:\.[\w-]{1,64})?\.js\?/.test(src) && src.includes('site=')) return src
  }
  return null
}

function metaPolicies(html: string): string[] {
  return elementsOf(html, 'meta')
    .filter((element) => element.toLowerCase().includes('content-security-policy'))
    .map((element) => /\scontent="([^"]{0,4000})"/i.exec(element)?.[1] ?? '')
}

/** Whether each policy lets the page load the tag, and the tag send. */
function checkPolicies(policies: string[], page: URL, tag: URL, html: string): Finding[] {
  if (policies.length === 0) return [{ state: 'ok', what: 'the page has no Content-Security-Policy' }]
  const element = elementsOf(html, 'script').find((each) => each.includes(tag.pathname)) ?? ''
  const findings: Finding[] = []
  for (const policy of policies) {
    const directives = new Map(
      policy.split(';').map((each) => {
        const [name = '', ...sources] = each.trim().split(/\s+/)
        return [name.toLowerCase(), sources] as const
      }),
    )
    const scripts = directives.get('script-src-elem') ?? directives.get('script-src') ?? directives.get('default-src')
    const isKnown =
      scripts?.some((each) => /^'(?:nonce|sha\d+)-/.test(each)) && /\s(?:nonce|integrity)\s*=/.test(element)
    if (scripts && !isKnown && !scripts.some((each) => allows(each, page, tag))) {
      const what = `the page's policy does not let it load ${tag.origin}${tag.pathname}; add ${sourceFor(page, tag)} to script-src`
      findings.push({ state: 'wrong', what })
    }
    const targets = directives.get('connect-src') ?? directives.get('default-src')
    if (targets && !targets.some((each) => allows(each, page, tag))) {
      const what = `the page's policy does not let the tag send to ${tag.origin}; add ${sourceFor(page, tag)} to connect-src`
      findings.push({ state: 'wrong', what })
    }
  }
  return findings.length > 0 ? findings : [{ state: 'ok', what: "the page's Content-Security-Policy allows the tag" }]
}

const sourceFor = (page: URL, tag: URL) => (page.origin === tag.origin ? "'self'" : tag.origin)

/** Whether a source of a policy covers an address: by scheme, host with an optional wildcard, and path. */
function allows(source: string, page: URL, tag: URL): boolean {
  if (source === "'self'") return page.origin === tag.origin
  if (source === '*') return true
  if (/^[a-z]+:$/i.test(source)) return source.toLowerCase() === tag.protocol
  const [, scheme, host = '', port, path = ''] =
    /^(?:([a-z]+):\/\/)?([\w.*-]+)(?::(\d+|\*))?(\/\S*)?$/i.exec(source) ?? []
  if (scheme !== undefined && `${scheme.toLowerCase()}:` !== tag.protocol) return false
  const isHost = host.startsWith('*.') ? tag.hostname.endsWith(host.slice(1)) : host.toLowerCase() === tag.hostname
  const isPort = port === '*' || (port ?? '') === tag.port
  const isPath = path === '' || (path.endsWith('/') ? tag.pathname.startsWith(path) : tag.pathname === path)
  return isHost && isPort && isPath
}

function checkPlatforms(html: string): Finding[] {
  const found = Object.entries(PLATFORMS).flatMap(([name, mark]) => (mark.test(html) ? [name] : []))
  if (found.length > 0) {
    const what = `the page has a consent platform: ${found.join(', ')}; the site's setting consent_source says which one the tag reads`
    return [{ state: 'ok', what }]
  }
  if (/\(\s*['"]consent['"]\s*,/.test(html)) return [{ state: 'ok', what: "the page calls couture('consent', …)" }]
  const what =
    "no consent platform and no call couture('consent', …) was seen on the page; without a choice the tag sends nothing"
  return [{ state: 'note', what }]
}

/** Whether both stages are served, and compressed. */
async function checkFiles(tag: URL, get: typeof fetch): Promise<Finding[]> {
  const load = async (url: URL) => {
    const answer = await get(url, { headers: { 'accept-encoding': 'br, gzip' }, signal: AbortSignal.timeout(PAGE_MS) })
    return { answer, text: await answer.text() }
  }
  try {
    const { answer, text } = await load(tag)
    const name = /"second":"(tag\.[\w-]+\.js)"/.exec(text)?.[1]
    if (!answer.ok || name === undefined) {
      return [{ state: 'wrong', what: `${tag.href} answers ${answer.status} and is not the tag of a site` }]
    }
    const encoding = answer.headers.get('content-encoding')
    const compression: Finding =
      encoding === null
        ? { state: 'note', what: `${tag.href} is served uncompressed; let the proxy pass on Accept-Encoding` }
        : { state: 'ok', what: `the tag is compressed (${encoding})` }
    const second = new URL(name, tag)
    const { answer: next, text: code } = await load(second)
    const isServed = next.ok && /javascript/.test(next.headers.get('content-type') ?? '') && code !== ''
    const what = `${second.href}, which the tag loads after consent, answers ${next.status}; let the proxy pass on tag.*.js`
    return [
      compression,
      isServed ? { state: 'ok', what: 'the second stage of the tag is served' } : { state: 'wrong', what },
    ]
  } catch (error) {
    return [{ state: 'wrong', what: `${tag.href} cannot be loaded: ${(error as Error).message}` }]
  }
}

/** How browsers see the collector from this page: where its cookie is not first party, it does not survive. */
function checkCookie(page: URL, tag: URL): Finding {
  if (tag.host === page.host)
    return { state: 'ok', what: 'the collector is a path of the shop: its cookie is first party' }
  const site = (host: string) => host.split('.').slice(-2).join('.')
  if (site(hostName(page.host)) === site(hostName(tag.host))) {
    const what = `the collector is on ${tag.host}, another host of the same domain; Safari shortens its cookie to 7 days if their networks differ`
    return { state: 'note', what }
  }
  const what = `the collector is on ${tag.host}, another domain, where browsers drop its cookie; serve it from a path of the shop`
  return { state: 'wrong', what }
}
