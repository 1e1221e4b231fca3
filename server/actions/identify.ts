/**
 * Logins that a shop's server vouches for, outside of any page: `POST /api/v1/identify`. Made into the same claim and
 * landed by the same code as an `identify` event, but at once in the store and not through the journal: its 200 means
 * committed, and whether the visitor allows it is looked up in the transaction that keeps it.
 *
 * The server says nothing of consent, so the visitor's own last choice is stated again, at the time when it was last
 * seen to stand: that adds nothing to it.
 */
import type { Transaction } from 'kysely'
import type { ConsentSource } from '../../tag/wire.ts'
import { type ClaimDeps, claimOf } from '../collect/claim.ts'
import { type CookieMac, cookieName, readCookie } from '../collect/cookie.ts'
import type { StampedConsent } from '../domain/event.ts'
import type { Site } from '../domain/settings.ts'
import { landEntries } from '../land/land.ts'
import { lastConsent } from '../store/consents.ts'
import type { ConsentRow } from '../store/schema/visitors.ts'
import type { Database } from '../store/schema.ts'

/** Who is said to have logged in: `visitor` is an id or a cookie's value, `at` in milliseconds. */
export type ServerLogin = { site: Site; visitor: string; login: { contact_id?: string; email?: string }; at: number }

/** What is needed to keep a login. */
export type IdentifyDeps = ClaimDeps & {
  cookieMac: CookieMac
  /** Whether visitors' cookies are those of https. */
  secure: boolean
  tombstone: (visitorId: string) => string
  now: () => number
  newId: () => string
}

/** The login's event and its visitor, or why there is none. */
export type IdentifyResult = { visitor: string; event: string } | { code: string; message: string }

/** The form of a cookie's value: whatever has it must be one. */
const COOKIE = /^[A-Za-z0-9_-]{1,64}\.\d{1,11}\.\d{1,11}\.[A-Za-z0-9_-]{22}$/

/** Makes the function that keeps logins, each in the transaction that it is given. */
export function createIdentify(deps: IdentifyDeps) {
  return async (
    trx: Transaction<Database>,
    { site, visitor: given, login, at }: ServerLogin,
  ): Promise<IdentifyResult> => {
    const receivedAt = deps.now()
    const visitor = COOKIE.test(given) ? ofCookie(given, site, receivedAt) : given
    if (visitor === null) {
      return { code: 'invalid_visitor', message: "visitor must be a visitor's id, or the value of this site's cookie" }
    }
    const context = { site, at, receivedAt, keyed: true, verified: true }
    const result = await claimOf({ kind: 'login', ...login }, context, deps)
    if ('code' in result) return result
    const consent = await lastConsent(trx, visitor, deps.tombstone(visitor))
    if (!consent?.analytics || !consent.identity) {
      return {
        code: 'no_consent',
        message: 'the visitor must have consented to identity: nothing is known of a consent, or it was taken back',
      }
    }
    // The same login told again is the same event.
    const event = `login-${deps.tokenHash(`${site.id} ${visitor} ${result.claim.key} ${at}`)}`
    const entry = {
      request: deps.newId(),
      site: site.id,
      visitor,
      received_at: receivedAt,
      keyed: true,
      consent: toStamped(consent),
      events: [{ id: event, type: 'identify', at, claim: result.claim }],
    }
    await landEntries(trx, [entry], { tombstone: deps.tombstone, describeAgent: noBrowser })
    return { visitor, event }
  }

  function ofCookie(value: string, site: Site, now: number): string | null {
    const name = cookieName(site, deps.secure)
    return readCookie(`${name}=${value}`, name, site, deps.cookieMac, now)?.visitor ?? null
  }
}

function noBrowser(): never {
  throw new Error("a server's login must not carry a user agent")
}

function toStamped(row: ConsentRow): StampedConsent {
  return {
    id: row.id,
    analytics: row.analytics === 1,
    identity: row.identity === 1,
    marketing: row.marketing === 1,
    source: row.source as ConsentSource,
    ...(row.policy === null ? {} : { policy: row.policy }),
    ...(row.gpc === null ? {} : { gpc: row.gpc === 1 }),
    at: row.last_at,
  }
}
