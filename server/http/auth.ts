/**
 * Authorises calls of private routes: by an API key with the scope, or by a session of a user whose role includes it.
 * Browsers send the session's cookie only from the dashboard's own pages (`SameSite=Strict`), and a write must also carry
 * a same-origin `Sec-Fetch-Site` or `Origin` header.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { usableKey } from '../domain/api-key.ts'
import { Problem } from '../domain/problem.ts'
import { permits, ROLES, type Scope } from '../domain/roles.ts'
import { SESSION_MS } from '../store/sessions.ts'
import type { Caller, HttpDeps, PrivateEnv } from './deps.ts'

/** The name of the session's cookie; on https `__Host-` is put before it. */
export const SESSION_COOKIE = 'couture_session'

/** Longer texts are no tokens, and are not hashed. */
const MAX_TOKEN = 100

const cookieName = (deps: HttpDeps) => (deps.secure ? `__Host-${SESSION_COOKIE}` : SESSION_COOKIE)

/** The token that the browser sent. */
export function sessionToken(c: Context, deps: HttpDeps): string | undefined {
  const token = getCookie(c, cookieName(deps))
  return token !== undefined && token.length <= MAX_TOKEN ? token : undefined
}

/** Gives the browser the token of a session, or takes it away. */
export function setSessionToken(c: Context, deps: HttpDeps, token: string | null): void {
  const options = { path: '/', secure: deps.secure }
  if (token === null) deleteCookie(c, cookieName(deps), options)
  else
    setCookie(c, cookieName(deps), token, { ...options, httpOnly: true, sameSite: 'Strict', maxAge: SESSION_MS / 1000 })
}

/** Identifies the caller and refuses the unauthorised. Any one of `scopes` is enough; without any, every caller may. */
export function allow(deps: HttpDeps, ...scopes: Scope[]): MiddlewareHandler<PrivateEnv> {
  return async (c, next) => {
    const header = c.req.header('authorization')
    if (header !== undefined) {
      const token = /^Bearer (\S+)$/i.exec(header)?.[1]
      const found = token === undefined ? undefined : await deps.findKey(token)
      const key = usableKey(found, deps.now(), 'Authorization must be "Bearer KEY" with a valid key')
      deps.keyUsed(key.id)
      if (!permits(key.scopes, scopes)) {
        throw new Problem(403, 'missing_scope', `the key must have the scope ${scopes.join(' or ')}`)
      }
      c.set('caller', { actor: `key:${key.id}`, scopes: key.scopes, exports: true, session: null })
      return next()
    }
    const token = sessionToken(c, deps)
    const session = token === undefined ? undefined : await deps.findSession(token)
    if (session === undefined) {
      throw new Problem(401, 'not_signed_in', 'send "Authorization: Bearer KEY", or sign in to the dashboard', bearer)
    }
    checkSameOrigin(c)
    const role = ROLES[session.role]
    if (!permits(role.scopes, scopes)) {
      throw new Problem(403, 'missing_scope', `the role ${session.role} does not include ${scopes.join(' or ')}`)
    }
    c.set('caller', { actor: session.name, ...role, session })
    return next()
  }
}

const bearer = { 'www-authenticate': 'Bearer' }

/** Refuses a file with many people to users whose role only reads. */
export function checkExport({ exports, session }: Caller): void {
  if (!exports) throw new Problem(403, 'no_exports', `the role ${session?.role} may not download files of people`)
}

/** Refuses a write that is authorised by the cookie but does not come from one of our own pages. */
export function checkSameOrigin(c: Context): void {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return
  const site = c.req.header('sec-fetch-site')
  const origin = c.req.header('origin')
  const own = origin !== undefined && URL.parse(origin)?.host === c.req.header('host')
  if (site === 'same-origin' || (site === undefined && own)) return
  throw new Problem(403, 'cross_site', 'a write with the session cookie must come from the dashboard itself')
}
