/**
 * How tests prove to be a visitor. An id opens nothing at the public endpoint, so a batch that names a visitor is sent
 * with its cookie, as by a browser that has been here before.
 */
import { createKeyring } from '../../server/ops/keyring.ts'

/** Later than any moved clock, so that no cookie is too old. */
const ISSUED = 9_999_999_999

/** What a server knows of visitors, by its secret. */
export type Proofs = {
  /** The cookie of a browser that has long been a visitor of a site. */
  cookie(visitor: string, site?: string): string
  /** The id of the visitor of a candidate at a site. */
  visitorOf(candidate: string, site?: string): string
}

/** Computes proofs as the server with that secret does. */
export function createProofs(secret: () => string): Proofs {
  let keyring: ReturnType<typeof createKeyring> | undefined
  const keys = () => {
    keyring ??= createKeyring(secret())
    return keyring
  }
  return {
    cookie(visitor, site = 'demo') {
      const value = `${visitor}.${ISSUED}.${ISSUED}.${keys().cookieMac(`${site} ${visitor} ${ISSUED} ${ISSUED}`)}`
      // On https it has another name.
      return `cv=${value}; __Host-cv=${value}`
    },
    visitorOf: (candidate, site = 'demo') => keys().visitor(site, candidate),
  }
}

/** A request's headers, with the cookie of the visitor that its body names unless it has a proof already. */
export function proving(
  server: Pick<Proofs, 'cookie'>,
  body: unknown,
  headers: Record<string, string | null>,
): Record<string, string | null> {
  const { site, visitor, candidate } = Object(body) as { site?: string; visitor?: unknown; candidate?: unknown }
  const isProven = 'authorization' in headers || 'cookie' in headers || candidate !== undefined
  return isProven || typeof visitor !== 'string' ? headers : { ...headers, cookie: server.cookie(visitor, site) }
}
