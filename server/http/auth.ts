/**
 * Authorises calls of private routes: by an API key with the scope, or by a session of the dashboard. The session is a
 * signed cookie. Browsers send it only from the dashboard's own pages (`SameSite=Strict`), and a write must also carry
 * a same-origin `Sec-Fetch-Site` or `Origin` header.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { getCookie } from 'hono/cookie'
import { Problem } from '../domain/problem.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'

/** The name of the dashboard's session cookie. */
export const SESSION_COOKIE = 'couture_session'

/** The lifetime of a session. */
export const SESSION_MS = 30 * 24 * 3600_000

/** The cookie's value for a session that started at `since`. */
export function sessionValue(since: number, mac: (text: string) => string): string {
  return `${since}.${mac(`session ${since}`)}`
}

/** When the session started, or null if the value is not signed by us or the session has expired. */
export function readSession(value: string | undefined, mac: (text: string) => string, now: number): number | null {
  const since = Number(/^(\d{1,15})\./.exec(value ?? '')?.[1] ?? Number.NaN)
  if (Number.isNaN(since) || value !== sessionValue(since, mac) || now > since + SESSION_MS) return null
  return since
}

/** Identifies the caller and refuses the unauthorised. Any one of `scopes` is enough; without any, every caller may. */
export function allow(deps: HttpDeps, ...scopes: string[]): MiddlewareHandler<PrivateEnv> {
  return async (c, next) => {
    const header = c.req.header('authorization')
    if (header !== undefined) {
      const token = /^Bearer (\S+)$/i.exec(header)?.[1]
      const key = token === undefined ? undefined : await deps.findKey(token)
      if (!key) throw new Problem(401, 'unknown_key', 'Authorization must be "Bearer KEY" with a valid key', bearer)
      const allowed = scopes.length === 0 || key.scopes.includes('admin') || scopes.some((s) => key.scopes.includes(s))
      if (!allowed) throw new Problem(403, 'missing_scope', `the key must have the scope ${scopes.join(' or ')}`)
      c.set('caller', { actor: `key:${key.id}`, scopes: key.scopes, since: null })
      return next()
    }
    const since = readSession(getCookie(c, SESSION_COOKIE), deps.sessionMac, deps.now())
    if (since === null) {
      throw new Problem(401, 'not_signed_in', 'send "Authorization: Bearer KEY", or sign in to the dashboard', bearer)
    }
    checkSameOrigin(c)
    c.set('caller', { actor: 'dashboard', scopes: 'all', since })
    return next()
  }
}

const bearer = { 'www-authenticate': 'Bearer' }

/** Refuses a write that is authorised by the cookie but does not come from one of our own pages. */
export function checkSameOrigin(c: Context): void {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return
  const site = c.req.header('sec-fetch-site')
  const origin = c.req.header('origin')
  const own = origin !== undefined && URL.parse(origin)?.host === c.req.header('host')
  if (site === 'same-origin' || (site === undefined && own)) return
  throw new Problem(403, 'cross_site', 'a write with the session cookie must come from the dashboard itself')
}
