/** The keyed hashes by which a contact is found: of its id (first), its address, and its reference in each site's tokens. */
import { isDemoContact } from './demo.ts'
import { normaliseEmail } from './identifier.ts'
import type { Site } from './settings.ts'
import { contactReference } from './token.ts'

/** The hashes that the keys are made with. */
export type KeyMacs = {
  identifier: (kind: 'contact' | 'email' | 'link', value: string) => string
  linkMac: (secret: string, text: string) => string
  sha256Hex: (text: string) => string
}

/** The keys of a contact's id and address. The address of a customer of the demo leads nowhere: it may be a real contact's. */
export function ownKeys(
  { identifier, sha256Hex }: KeyMacs,
  { id, email, emailSha256 }: { id: string; email: string | null; emailSha256: string | null },
): string[] {
  const own = email === null ? emailSha256 : sha256Hex(normaliseEmail(email))
  const address = isDemoContact(id) ? null : own
  return [identifier('contact', id), ...(address === null ? [] : [identifier('email', address)])]
}

/** The keys of a contact's references in the tokens of a site, of its current link secret and of those before it. */
export function linkKeys({ identifier, linkMac }: KeyMacs, site: Site, contactId: string): string[] {
  return [site.link_secret, ...(site.retired_link_secrets ?? [])].map((secret) =>
    identifier('link', `${site.id}:${contactReference(linkMac, secret, contactId)}`),
  )
}
