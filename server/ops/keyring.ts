/**
 * The keys of an installation, all derived from one root secret by HKDF (RFC 5869), and what is computed with them.
 * Identifiers, tokens and retired visitors are kept only as keyed hashes: somebody who has the files but not the secret
 * cannot test a guess against them.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'

/** What is computed with the installation's keys. */
export type Keyring = {
  /** The keyed hash of an identifier, for claims and contacts, and of the network that a claim came from. */
  identifier(kind: 'contact' | 'email' | 'link' | 'network', value: string): string
  /** The keyed hash of a claim's token. */
  token(token: string): string
  /** The keyed hash that keeps a retired visitor out. */
  tombstone(visitorId: string): string
  /** The id of the visitor at a site whose browser holds a secret. */
  visitor(siteId: string, secret: string): string
  /** The MAC of a visitor cookie's text. */
  cookieMac(text: string): string
  /** Encrypts a text that only this installation can read again. */
  seal(text: string): string
  /** The text that was sealed; null if it was sealed with another secret. */
  unseal(sealed: string): string | null
}

/** A keyring from a root secret. */
export function createKeyring(rootSecret: string): Keyring {
  // A key object saves preparing the key for each MAC.
  const derive = (name: string) => createSecretKey(Buffer.from(hkdfSync('sha256', rootSecret, 'couture', name, 32)))
  const keys = { hash: derive('identifiers'), visitor: derive('visitors'), cookie: derive('visitor cookie') }
  const sealing = derive('sealed texts')
  const mac = (key: KeyObject, text: string) => createHmac('sha256', key).update(text).digest('base64url').slice(0, 22)
  // A browser without the cookie sends its candidate with each request.
  const visitor = memoized((text) => mac(keys.visitor, text))
  return {
    identifier: (kind, value) => mac(keys.hash, `${kind}:${value}`),
    token: (token) => mac(keys.hash, `token:${token}`),
    tombstone: (visitorId) => mac(keys.hash, `visitor:${visitorId}`),
    visitor: (siteId, secret) => visitor(`${siteId} ${secret}`),
    cookieMac: (text) => mac(keys.cookie, text),
    seal: (text) => seal(sealing, text),
    unseal: (sealed) => unseal(sealing, sealed),
  }
}

const CIPHER = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16

function seal(key: KeyObject, text: string): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(CIPHER, key, iv)
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')
}

function unseal(key: KeyObject, sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64url')
  const body = bytes.subarray(IV_BYTES + TAG_BYTES)
  try {
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
    decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

/** Enough for the visitors of a few minutes; the cache starts over when full. */
const MAX_KEPT = 50_000

/** Caches a function's results: a visitor comes up in every stage, and a MAC costs 5 µs. */
export function memoized(compute: (text: string) => string): (text: string) => string {
  const kept = new Map<string, string>()
  return (text) => {
    let answer = kept.get(text)
    if (answer === undefined) {
      answer = compute(text)
      if (kept.size >= MAX_KEPT) kept.clear()
      kept.set(text, answer)
    }
    return answer
  }
}

/** Key objects of link secrets: sites are few, and each contact has a MAC under each. */
const linkKeys = new Map<string, KeyObject>()

function linkKey(secret: string): KeyObject {
  const key = linkKeys.get(secret) ?? createSecretKey(Buffer.from(secret))
  if (linkKeys.size >= MAX_LINK_KEYS) linkKeys.clear()
  linkKeys.set(secret, key)
  return key
}

const MAX_LINK_KEYS = 1000

/** base64url(HMAC-SHA256(secret, text)), its first 22 characters: the MAC of link tokens. */
export function linkMac(secret: string, text: string): string {
  return createHmac('sha256', linkKey(secret)).update(text).digest('base64url').slice(0, 22)
}

/** SHA-256 in hex, as `email_sha256` is written. */
export function sha256Hex(text: string): string {
  return hash('sha256', text, 'hex')
}

/** How an API key or the token of a session is stored. Their 160 random bits and more need no slow hash. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

/** A new secret of 256 bits, or a key with a prefix that says what it is. */
export function newSecret(prefix = ''): string {
  return prefix + randomBytes(prefix === '' ? 32 : 20).toString('base64url')
}
