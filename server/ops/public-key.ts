/** Public keys for checking a shop's logins: Ed25519, or RSA of sufficient length. */
import { createPublicKey } from 'node:crypto'

/** Shorter RSA keys can be broken. */
const MIN_RSA_BITS = 2048

/** Reads a public key in PEM; an error is a sentence that says what it must be. A private key is never accepted. */
export function readPublicKey(text: string): { pem: string } | { error: string } {
  const must = 'must be a public key in PEM that begins with "-----BEGIN PUBLIC KEY-----"'
  if (text.includes('PRIVATE KEY')) return { error: `${must}; this is a private key, which must stay with the shop` }
  if (!/^\s*-----BEGIN PUBLIC KEY-----/.test(text)) return { error: must }
  try {
    const key = createPublicKey(text)
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
    const good = key.asymmetricKeyType === 'ed25519' || (key.asymmetricKeyType === 'rsa' && bits >= MIN_RSA_BITS)
    if (good) return { pem: key.export({ type: 'spki', format: 'pem' }).toString() }
    const got = `${key.asymmetricKeyType}${bits === 0 ? '' : ` of ${bits} bits`}`
    return { error: `must be Ed25519, or RSA of at least ${MIN_RSA_BITS} bits (got ${got})` }
  } catch {
    return { error: `${must} and can be read` }
  }
}
