/**
 * The token that a mail link carries: `c1.MESSAGE.CONTACT.ISSUED[.TARGET].MAC`.
 *
 * - MESSAGE names the mailing: 1 to 40 of `A-Z a-z 0-9 _ -`.
 * - CONTACT is base64url(HMAC-SHA256(link secret, "contact:" + contact id)), its first 22 characters: no personal data.
 * - ISSUED is the time of issue, in whole seconds since 1970, in decimal.
 * - TARGET, for links through the collector's redirect, is base64url of the landing page's URL.
 * - MAC is base64url(HMAC-SHA256(link secret, everything before the last dot)), its first 22 characters (132 bits).
 *
 * A mail tool that can compute an HMAC can make tokens itself. This file knows the format; callers pass in the MAC.
 */

/** Computes base64url(HMAC-SHA256(secret, text)) cut to 22 characters. */
export type Mac = (secret: string, text: string) => string

/** The content of a token. `contact` is the keyed reference, not the contact's id; times in milliseconds. */
export type LinkToken = { message: string; contact: string; issuedAt: number; target: string | null }

const FORM = /^c1\.([A-Za-z0-9_-]{1,40})\.([A-Za-z0-9_-]{22})\.(\d{1,11})(?:\.([A-Za-z0-9_-]+))?\.([A-Za-z0-9_-]{22})$/

/** The names of mailings that a token can carry. */
export const MESSAGE_PATTERN = /^[A-Za-z0-9_-]{1,40}$/

/** How long a token is evidence after its issue; after that the link still works as a plain link. */
export const TOKEN_STITCH_MS = 30 * 24 * 3600_000

/**
 * The time of issue for a token that is evidence until `expires`. A token only carries its time of issue, which
 * determines nothing but its end; so it cannot end later than a token that is made now. Null if no token can end then.
 */
export function issuedFor(expires: number, now: number): number | null {
  return expires > now && expires <= now + TOKEN_STITCH_MS ? expires - TOKEN_STITCH_MS : null
}

/** The reference to a contact in the tokens of one site. */
export function contactReference(mac: Mac, linkSecret: string, contactId: string): string {
  return mac(linkSecret, `contact:${contactId}`)
}

/** Makes the token of one contact for one message. `encode` is base64url of UTF-8. */
export function mintToken(
  mac: Mac,
  linkSecret: string,
  encode: (text: string) => string,
  token: { message: string; contactId: string; issuedAt: number; target: string | null },
): string {
  const reference = contactReference(mac, linkSecret, token.contactId)
  const head = `c1.${token.message}.${reference}.${Math.floor(token.issuedAt / 1000)}`
  const signed = token.target === null ? head : `${head}.${encode(token.target)}`
  return `${signed}.${mac(linkSecret, signed)}`
}

/** The content of a token if the secret signed it, else null. `decode` reverses base64url. */
export function readToken(
  mac: Mac,
  linkSecret: string,
  decode: (text: string) => string,
  token: string,
): LinkToken | null {
  const parts = FORM.exec(token)
  if (!parts) return null
  const [, message = '', contact = '', issued, target, given = ''] = parts
  const expected = mac(linkSecret, token.slice(0, token.lastIndexOf('.')))
  if (!sameText(expected, given)) return null
  return {
    message,
    contact,
    issuedAt: Number(issued) * 1000,
    target: target === undefined ? null : decode(target),
  }
}

/** Compares two texts in a time that depends only on their length. */
function sameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}
