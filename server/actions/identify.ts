/**
 * Logins that a shop's server vouches for: `POST /api/v1/identify`. A login becomes the same claim as an `identify` event
 * and lands through the same code, but directly in the store and not through the journal: its 200 means committed, and
 * the visitor's consent is checked in the same transaction.
 *
 * The server sends no consent, so the entry repeats the visitor's own last choice with the time at which it was last
 * seen. That adds nothing to the consent.
 */
import type { Transaction } from 'kysely'
import type { ConsentSource } from '../../tag/wire.ts'
import { type ClaimDeps, claimOf } from '../collect/claim.ts'
import { type CookieMac, cookieName, readCookie } from '../collect/cookie.ts'
import { anonymousVisitors, type HashVisitor } from '../collect/visitor.ts'
import type { StampedConsent } from '../domain/event.ts'
import type { Site } from '../domain/settings.ts'
import { landEntries } from '../land/land.ts'
import { lastConsent } from '../store/consents.ts'
import type { ConsentRow } from '../store/schema/visitors.ts'
import type { Database } from '../store/schema.ts'

/** A login reported by a server. `visitor` is an id or a cookie's value, `at` is in milliseconds. */
export type ServerLogin = { site: Site; visitor: string; login: { contact_id?: string; email?: string }; at: number }

/** What storing a login needs. */
export type IdentifyDeps = ClaimDeps & {
  cookieMac: CookieMac
  hashVisitor: HashVisitor
  /** Whether visitors' cookies are the ones used over https. */
  secure: boolean
  tombstone: (visitorId: string) => string
  now: () => number
  newId: () => string
}

/** The visitor and the login's event, or the reason for a refusal. */
export type IdentifyResult = { visitor: string; event: string } | { code: string; message: string }

/** The format of a cookie's value. A text of this format must be a valid cookie. */
const COOKIE = /^[A-Za-z0-9_-]{1,64}\.\d{1,11}\.\d{1,11}\.[A-Za-z0-9_-]{22}$/

/** Creates the function that stores logins, each in the transaction passed to it. */
export function createIdentify(deps: IdentifyDeps) {
  return async (
    trx: Transaction<Database>,
    { site, visitor: given, login, at }: ServerLogin,
  ): Promise<IdentifyResult> => {
    const receivedAt = deps.now()
    const named = COOKIE.test(given) ? ofCookie(given, site, receivedAt) : given
    if (named === null) {
      return { code: 'invalid_visitor', message: "visitor must be a visitor's id, or the value of this site's cookie" }
    }
    const context = { site, at, receivedAt, keyed: true, ip: null, verified: true }
    const result = await claimOf({ kind: 'login', ...login }, context, deps)
    if ('code' in result) return result
    const consent = await consentOf(trx, named, site)
    if (!consent?.analytics || !consent.identity) {
      return {
        code: 'no_consent',
        message: 'the visitor must have consented to identity: no consent is known, or it was withdrawn',
      }
    }
    const visitor = consent.visitor_id
    // A retry of the same login is the same event.
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

  /** The choice of a visitor that is named by its id, or by `s:` and its anonymous id in Segment's API. */
  async function consentOf(trx: Transaction<Database>, named: string, site: Site): Promise<ConsentRow | null> {
    const visitors = named.startsWith('s:') ? anonymousVisitors([site.id], named.slice(2), deps.hashVisitor) : [named]
    for (const visitor of visitors) {
      const consent = await lastConsent(trx, site.id, visitor, deps.tombstone(visitor))
      if (consent !== null) return consent
    }
    return null
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
