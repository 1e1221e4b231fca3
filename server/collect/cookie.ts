/**
 * The visitor cookie: `ID.ISSUED.MAC`, made by the collector and read by nobody else. The MAC binds the id to its site
 * and first issue, so that an id can neither be invented, nor moved to another site, nor live beyond 13 months.
 */
import type { Site } from '../domain/settings.ts'

const DAY_S = 24 * 3600
/** Since first issue: the legal limit of 13 months. */
const MAX_LIFE_S = 395 * DAY_S
/** Browsers cap cookies at 400 days. */
const MAX_AGE_S = 395 * DAY_S

/** A valid cookie's visitor, when the id was first issued, and when the cookie was last renewed. In seconds. */
export type VisitorCookie = { visitor: string; issued: number; renewed: number }

/** Computes the MAC of a text. */
export type CookieMac = (text: string) => string

/** The cookie's name for a site, with `__Host-` if it is served over https. */
export function cookieName(site: Site, secure: boolean): string {
  return secure ? `__Host-${site.settings.cookie_name}` : site.settings.cookie_name
}

/** Reads the site's cookie from the request's header. Null if it is missing, forged or too old. */
export function readCookie(
  header: string | undefined,
  name: string,
  site: Site,
  mac: CookieMac,
  now: number,
): VisitorCookie | null {
  for (const part of header?.split(';') ?? []) {
    const cut = part.indexOf('=')
    if (cut < 0 || part.slice(0, cut).trim() !== name) continue
    const parts = /^([A-Za-z0-9_-]{1,64})\.(\d{1,11})\.(\d{1,11})\.([A-Za-z0-9_-]{22})$/.exec(
      part.slice(cut + 1).trim(),
    )
    if (!parts) continue
    const [, visitor = '', issued, renewed, given] = parts
    if (mac(`${site.id} ${visitor} ${issued} ${renewed}`) !== given) continue
    if (now / 1000 > Number(issued) + MAX_LIFE_S) continue
    return { visitor, issued: Number(issued), renewed: Number(renewed) }
  }
  return null
}

/** The `Set-Cookie` value that gives a visitor its cookie, or null if the one it `had` was renewed within a day. */
export function writeCookie(
  visitor: string,
  had: VisitorCookie | null,
  name: string,
  secure: boolean,
  site: Site,
  mac: CookieMac,
  now: number,
): string | null {
  const seconds = Math.floor(now / 1000)
  if (had && seconds - had.renewed < DAY_S) return null
  const issued = had?.issued ?? seconds
  const value = `${visitor}.${issued}.${seconds}.${mac(`${site.id} ${visitor} ${issued} ${seconds}`)}`
  const maxAge = Math.min(MAX_AGE_S, issued + MAX_LIFE_S - seconds)
  return attributes(name, value, maxAge, secure)
}

/** The `Set-Cookie` value that deletes the cookie. */
export function expireCookie(name: string, secure: boolean): string {
  return attributes(name, '', 0, secure)
}

function attributes(name: string, value: string, maxAge: number, secure: boolean): string {
  return `${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}
