/**
 * Who is logged in at the shop, and what the next page must tell Couture about it. The session is a signed cookie of
 * the shop's own. A login or a logout also leaves a second, one-use cookie: the next page takes it, so that a login is
 * said once and not on every page. A new start of the shop makes a new key and so logs everybody out.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie'
import { SignJWT } from 'jose'
import { type Customer, customerOf } from './customers.ts'

const SESSION = 'shop_session'
const NEWS = 'shop_news'

/** A login's token may be this old; Couture takes no longer ones. */
const TOKEN_SECONDS = 600

/** What a page is told: who is logged in, and the token or the reset that Couture is to hear about, once. */
export type Visit = { customer?: Customer; identify?: string; reset?: true }

/** The shop's sessions below the path `base`. */
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
    /** Reads who visits, and takes the news that an earlier login or logout left. */
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
