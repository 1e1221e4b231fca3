/**
 * Whose request it is. The id of a visitor is no secret: lists, exports and logs show it. So a browser proves which
 * visitor it is by its signed cookie or by a secret of its own, the tag's candidate or Segment's anonymous id, of which
 * the id is a keyed hash. An id alone opens nothing, here or at another site; only a secret key may name any id.
 */
import type { WireBatch } from '../../tag/wire.ts'
import { Problem } from '../domain/problem.ts'
import type { VisitorCookie } from './cookie.ts'
import { plainAnonymousId } from './plain-id.ts'

/** Computes the id of the visitor at a site whose browser holds a secret. */
export type HashVisitor = (siteId: string, secret: string) => string

/** What a request says about its visitor. `cookie` is a valid one of the site; `keyed`: it carries a secret key. */
export type Proof = Pick<WireBatch, 'site' | 'visitor' | 'candidate'> & { cookie: VisitorCookie | null; keyed: boolean }

/**
 * The visitors that a request speaks for, that of its events first; none for a new browser. The cookie counts before the
 * candidate, which every page makes until it knows of the cookie. A batch made under another visitor than the cookie's
 * names it: the candidate proves that one, and a withdrawal is for both. Throws a `Problem` for an id without a proof.
 */
export function provenVisitors({ site, visitor, candidate, cookie, keyed }: Proof, hash: HashVisitor): string[] {
  if (keyed && visitor !== undefined) return [visitor]
  if (cookie !== null && (visitor === undefined || visitor === cookie.visitor)) return [cookie.visitor]
  const own = candidate === undefined ? null : hash(site, candidate)
  if (cookie !== null) return own === visitor ? [visitor, cookie.visitor] : [cookie.visitor]
  if (own !== null) return [own]
  if (visitor === undefined) return []
  throw new Problem(
    400,
    'visitor_unproven',
    'visitor must be proven: send a secret key, the visitor cookie, or the candidate that the visitor was made from',
  )
}

/** The shortest candidate, and the shortest anonymous id that counts as a secret. */
const SECRET_LENGTH = 22

/**
 * The visitor of an anonymous id of Segment's API. One as long as a candidate is a secret that the browser shares with
 * the shop's own server, so it stands for one visitor whichever key the caller has. A shorter one can be guessed: what a
 * secret key reports under it belongs to a visitor that nobody can name without a secret key.
 */
export function anonymousVisitor(siteId: string, anonymousId: string, keyed: boolean, hash: HashVisitor): string {
  const id = plainAnonymousId(anonymousId)
  if (!keyed || id.length >= SECRET_LENGTH) return `s:${hash(siteId, id)}`
  // What no visitor's id may hold is hashed; the prefix keeps it apart from hashes that browsers can cause.
  return PLAIN_ID.test(id) ? `s:${id}` : `s:k-${hash(siteId, id)}`
}

/** A colon would let an anonymous id pass for a user's visitor, `s:u:…`. */
const PLAIN_ID = /^[A-Za-z0-9._-]{1,62}$/

/** All visitors that an anonymous id can stand for. Before ids were hashed, it was the id itself. */
export function anonymousVisitors(siteIds: string[], anonymousId: string, hash: HashVisitor): string[] {
  const ofSites = siteIds.flatMap((siteId) =>
    [true, false].map((keyed) => anonymousVisitor(siteId, anonymousId, keyed, hash)),
  )
  return [...new Set([`s:${anonymousId}`, ...ofSites])]
}
