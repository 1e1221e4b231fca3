/**
 * Turns an `identify` event into a claim: checks a login's signature or a mail link's MAC, and replaces whatever names
 * a person with its keyed hash. What cannot be evidence is refused with a reason.
 */
import { importSPKI, errors as joseErrors, jwtVerify } from 'jose'
import type { RejectCode } from '../../tag/wire.ts'
import type { StampedClaim } from '../domain/event.ts'
import { GUARDED } from '../domain/guard.ts'
import { isBlockedIdentifier, looksLikeEmail, normaliseEmail } from '../domain/identifier.ts'
import { withoutNul } from '../domain/nul.ts'
import { firstProblem } from '../domain/problem.ts'
import type { Site } from '../domain/settings.ts'
import type { LinkToken } from '../domain/token.ts'
import { identifySchema } from './schema.ts'

/** What is needed to make claims. */
export type ClaimDeps = {
  identifier: (kind: 'contact' | 'email' | 'link' | 'network', value: string) => string
  tokenHash: (token: string) => string
  sha256: (text: string) => string
  readLink: (linkSecret: string, token: string) => LinkToken | null
}

/** A claim, or why there is none. */
export type ClaimResult = { claim: StampedClaim } | { code: RejectCode; message: string }

/** A signed login is valid from a minute before its `iat` to a minute after its `exp`. */
const TOLERANCE_S = 60
/** The longest lifetime of a login's JWT. */
const MAX_LIFE_S = 600
/** Without a key, a signed login must reach the collector within a day of its `exp`: queues wait out outages. */
const LATE_S = 24 * 3600

/**
 * The context of a claim. `verified`: the shop's server vouches for the login with a secret key of that scope. `ip` is
 * the visitor's truncated address, or null where the sender's says nothing about the visitor.
 */
export type ClaimContext = {
  site: Site
  at: number
  receivedAt: number
  keyed: boolean
  ip: string | null
  verified?: boolean
}

/** Makes the claim of an `identify` event that happened at `at`, in milliseconds. */
export async function claimOf(props: unknown, context: ClaimContext, deps: ClaimDeps): Promise<ClaimResult> {
  const result = await claimMade(props, context, deps)
  if ('code' in result || context.ip === null || !GUARDED.includes(result.claim.evidence)) return result
  return { claim: { ...result.claim, network: deps.identifier('network', context.ip) } }
}

async function claimMade(props: unknown, context: ClaimContext, deps: ClaimDeps): Promise<ClaimResult> {
  const parsed = identifySchema.safeParse(props ?? {})
  if (!parsed.success) return { code: 'invalid_event', message: `props.${firstProblem(parsed.error)}` }
  const { data } = parsed
  switch (data.kind) {
    case 'login':
      return data.token === undefined ? stated(data, context, deps) : signed(data.token, context, deps)
    case 'link': {
      const token = deps.readLink(context.site.link_secret, data.link)
      if (!token)
        return { code: 'invalid_token', message: "props.link must be a link token made with this site's secret" }
      return {
        claim: {
          evidence: 'email_click',
          key: deps.identifier('link', `${context.site.id}:${token.contact}`),
          token: deps.tokenHash(data.link),
          message: withoutNul(token.message),
          issued_at: token.issuedAt,
        },
      }
    }
    case 'form':
      return withScope(named('form_email', 'email', data.email_sha256.toLowerCase(), deps), data)
  }
}

function stated(
  login: { contact_id?: string; email?: string; email_sha256?: string },
  context: ClaimContext,
  deps: ClaimDeps,
): ClaimResult {
  const evidence = context.verified ? 'login_verified' : 'login_claimed'
  if (login.contact_id !== undefined) return named(evidence, 'contact', login.contact_id.trim(), deps)
  if (login.email !== undefined) {
    if (isBlockedIdentifier(login.email)) return blocked(login.email)
    if (!looksLikeEmail(login.email)) return { code: 'invalid_event', message: 'props.email must be a mail address' }
    return named(evidence, 'email', deps.sha256(normaliseEmail(login.email)), deps)
  }
  if (login.email_sha256 !== undefined) return named(evidence, 'email', login.email_sha256.toLowerCase(), deps)
  return { code: 'invalid_event', message: 'props must hold contact_id, email, email_sha256 or token' }
}

function named(
  evidence: 'login_verified' | 'login_claimed' | 'form_email',
  kind: 'contact' | 'email',
  value: string,
  deps: ClaimDeps,
): ClaimResult {
  if (isBlockedIdentifier(value) || value.length > 320) return blocked(value)
  return { claim: { evidence, key: deps.identifier(kind, value) } }
}

/** A form's address belongs to the cart or order that carries it. */
function withScope(result: ClaimResult, { cart_id, order_id }: { cart_id?: string; order_id?: string }): ClaimResult {
  if ('code' in result) return result
  const cart = cart_id === undefined ? {} : { cart: withoutNul(cart_id) }
  const order = order_id === undefined ? {} : { order: withoutNul(order_id) }
  return { claim: { ...result.claim, ...cart, ...order } }
}

function blocked(value: string): ClaimResult {
  const shown = value.length > 40 ? `${value.slice(0, 40)}…` : value
  return { code: 'blocked_identifier', message: `"${shown}" is not the identifier of one person` }
}

/** A site's public key for checking logins. The key itself decides its algorithm, never the token. */
type PublicKey = { alg: 'EdDSA' | 'RS256'; key: CryptoKey }

/** By PEM text; never more than the sites have had keys. */
const publicKeys = new Map<string, Promise<PublicKey>>()

function publicKeyOf(pem: string): Promise<PublicKey> {
  const known = publicKeys.get(pem)
  if (known) return known
  const imported = importSPKI(pem, 'EdDSA').then(
    (key): PublicKey => ({ alg: 'EdDSA', key }),
    async (): Promise<PublicKey> => ({ alg: 'RS256', key: await importSPKI(pem, 'RS256') }),
  )
  publicKeys.set(pem, imported)
  return imported
}

/**
 * Checks a login's signature: HS256 with the site's secret, or the algorithm of its public key. Each algorithm has its
 * own key, so a token cannot make a key serve another algorithm.
 */
async function verify(token: string, site: Site, at: number) {
  const pem = site.settings.identity_public_key
  const publicKey = pem ? await publicKeyOf(pem) : null
  const algorithms = [...(site.identity_secret === '' ? [] : ['HS256']), ...(publicKey ? [publicKey.alg] : [])]
  const keyFor = ({ alg }: { alg: string }) =>
    publicKey && alg === publicKey.alg ? publicKey.key : new TextEncoder().encode(site.identity_secret)
  return jwtVerify(token, keyFor, {
    algorithms,
    audience: site.id,
    requiredClaims: ['sub', 'iat', 'exp'],
    clockTolerance: TOLERANCE_S,
    currentDate: new Date(at),
  })
}

/**
 * The one spelling of a token whose signature is good. The signature covers the text before it, but not its own: base64url leaves
 * bits of the last character unused, and its readers skip spaces and padding. Another spelling is no other login.
 */
function asSigned(token: string): string {
  const end = token.lastIndexOf('.') + 1
  return token.slice(0, end) + Buffer.from(token.slice(end), 'base64url').toString('base64url')
}

async function signed(token: string, context: ClaimContext, deps: ClaimDeps): Promise<ClaimResult> {
  const wrong = (message: string): ClaimResult => ({ code: 'invalid_token', message: `props.token ${message}` })
  const { site, at, receivedAt, keyed } = context
  try {
    const { payload, protectedHeader } = await verify(token, site, at)
    const { sub, iat, exp } = payload as { sub: unknown; iat: number; exp: number }
    if (typeof sub !== 'string') return wrong('must have a string as sub')
    if (exp - iat > MAX_LIFE_S) return wrong(`must end at most ${MAX_LIFE_S} seconds after iat`)
    if (at < (iat - TOLERANCE_S) * 1000) return wrong('must have been made before the login')
    if (!keyed && receivedAt > (exp + LATE_S) * 1000) return wrong('must arrive within 24 hours of exp')
    if (isBlockedIdentifier(sub) || sub.length > 320) return blocked(sub)
    const { kid } = protectedHeader
    return {
      claim: {
        evidence: 'login_verified',
        key: deps.identifier('contact', sub.trim()),
        token: deps.tokenHash(asSigned(token)),
        // A JWT may hold fractions of seconds; none are kept.
        iat: Math.floor(iat),
        exp: Math.floor(exp),
        ...(typeof kid === 'string' ? { kid: withoutNul(kid) } : {}),
      },
    }
  } catch (error) {
    if (error instanceof joseErrors.JOSEError) return wrong(`must be a valid JWT of this site: ${error.message}`)
    throw error
  }
}
