/**
 * Who is logged in at the shop, and what the next page must report to Couture. The session is a signed cookie of the
 * shop's own. A login or logout also sets a second, one-use cookie, which the next page consumes, so that a login is
 * reported once and not on every page. Each start of the shop creates a new key, which logs everybody out.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie'
import { SignJWT } from 'jose'
import { type Customer, customerOf } from './customers.ts'

const SESSION = 'shop_session'
const NEWS = 'shop_news'

/** The maximum age of a login's token; Couture accepts no older ones. */
const TOKEN_SECONDS = 600

/** What a page learns: who is logged in, and the token or reset that it must report to Couture, once. */
export type Visit = { customer?: Customer; identify?: string; reset?: true }

/** Creates the shop's sessions below the path `base`. */
export function createSessions(deps: {
  base: string
  site: string
  identitySecret: () => Promise<string>
  now: () => number
}) {
  const key = randomBytes(32).toString('base64url')
  const cookie = { path: deps.base, httpOnly: true, sameSite: 'Lax' } as const

  const tokenFor = async (customer: Customer): Promise<string> => {
    const seconds = Math.floor(deps.now() / 1000)
    return new SignJWT({ jti: randomUUID() })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(customer.id)
      .setAudience(deps.site)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + TOKEN_SECONDS)
      .sign(new TextEncoder().encode(await deps.identitySecret()))
  }

  const customerOn = async (c: Context) => customerOf((await getSignedCookie(c, key, SESSION)) || undefined)

  return {
    /** Reads who visits, and consumes the report that an earlier login or logout left. */
    async visit(c: Context): Promise<Visit> {
      const customer = await customerOn(c)
      const news = await getSignedCookie(c, key, NEWS)
      if (!news) return { customer }
      deleteCookie(c, NEWS, cookie)
      if (news === 'logout') return { customer, reset: true }
      return customer ? { customer, identify: await tokenFor(customer) } : {}
    },
    async login(c: Context, customer: Customer): Promise<void> {
      await setSignedCookie(c, SESSION, customer.id, key, cookie)
      await setSignedCookie(c, NEWS, 'login', key, cookie)
    },
    async logout(c: Context): Promise<void> {
      deleteCookie(c, SESSION, cookie)
      await setSignedCookie(c, NEWS, 'logout', key, cookie)
    },
  }
}
