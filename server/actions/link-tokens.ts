/** Mints and revokes link tokens, for the API and for the commands. */
import type { Kysely, Transaction } from 'kysely'
import { withToken } from '../collect/link.ts'
import type { Site } from '../domain/settings.ts'
import { contactReference, MESSAGE_PATTERN, mintToken } from '../domain/token.ts'
import { type Keyring, linkMac } from '../ops/keyring.ts'
import { readLink } from '../ops/link-reader.ts'
import { existingContacts } from '../store/contact-cards.ts'
import { transact } from '../store/engine/transact.ts'
import { addRevocation, markRevoked } from '../store/revocations.ts'
import type { RevocationRow } from '../store/schema/configuration.ts'
import type { Database } from '../store/schema.ts'
import { renewLinkSecret } from './sites.ts'

/** The tokens to revoke: one token, those of a message, those of a contact, or all by replacing the secret. */
export type Revoking = { kind: 'token' | 'message' | 'contact'; value: string } | { kind: 'key' }

/** The time of the revocation, or the reason for a refusal. */
export type RevokeResult = { at: number } | { code: string; message: string }

const encode = (text: string) => Buffer.from(text, 'utf8').toString('base64url')

/** Creates the function that mints mail links. Their redirect is below `publicUrl`. */
export function createMint(publicUrl: string) {
  return (site: Site, link: { message: string; contactId: string; issuedAt: number; target: string }) => {
    const token = mintToken(linkMac, site.link_secret, encode, link)
    return {
      contact: link.contactId,
      token,
      url: withToken(link.target, token, site.settings.link_param),
      redirect: `${publicUrl}/l/${token}`,
    }
  }
}

/**
 * Revokes tokens. `note` runs in the same transaction. Repeating a revocation changes nothing, except that `key` replaces
 * the secret again.
 */
export async function revokeTokens(
  db: Kysely<Database>,
  keyring: Keyring,
  site: Site,
  revoking: Revoking,
  now: number,
  note: (trx: Transaction<Database>) => Promise<void>,
): Promise<RevokeResult> {
  if (revoking.kind === 'key') {
    await renewLinkSecret(db, site.id, note)
    return { at: now }
  }
  const row = await revocationOf(db, keyring, site, revoking, now)
  if ('code' in row) return row
  const at = await transact(db, async (trx) => {
    const since = await addRevocation(trx, row)
    await note(trx)
    return since
  })
  await markRevoked(db, { ...row, at })
  return { at }
}

async function revocationOf(
  db: Kysely<Database>,
  keyring: Keyring,
  site: Site,
  { kind, value }: Exclude<Revoking, { kind: 'key' }>,
  at: number,
): Promise<RevocationRow | { code: string; message: string }> {
  switch (kind) {
    case 'token':
      if (readLink(site.link_secret, value)) return { kind, value: keyring.token(value), at }
      return { code: 'invalid_token', message: "token must be a complete link token made with this site's secret" }
    case 'message':
      if (MESSAGE_PATTERN.test(value)) return { kind, value: `${site.id} ${value}`, at }
      return { code: 'invalid_request', message: 'message must be 1 to 40 of A-Z a-z 0-9 _ -' }
    case 'contact': {
      if (!(await existingContacts(db, [value])).has(value)) {
        return { code: 'unknown_contact', message: `contact must be the id of a contact (got "${value}")` }
      }
      const reference = contactReference(linkMac, site.link_secret, value)
      return { kind, value: keyring.identifier('link', `${site.id}:${reference}`), at }
    }
  }
}
