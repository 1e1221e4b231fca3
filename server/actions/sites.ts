/** Creates sites and API keys with their secrets, for the start of a server and for the commands. */
import { type Kysely, type SqlBool, sql, type Transaction } from 'kysely'
import { isDemoContact } from '../domain/demo.ts'
import { normaliseEmail } from '../domain/identifier.ts'
import { defaultSettings, type Site, type SiteSettings } from '../domain/settings.ts'
import { contactReference } from '../domain/token.ts'
import { hashSecret, type Keyring, linkMac, newSecret, sha256Hex } from '../ops/keyring.ts'
import { putApiKey } from '../store/api-keys.ts'
import { type KeysOf, rekeyContacts } from '../store/contacts.ts'
import { transact } from '../store/engine/transact.ts'
import { readMeta, writeMeta } from '../store/meta.ts'
import type { Database } from '../store/schema.ts'
import { insertSite, listSites, replaceLinkSecret } from '../store/sites.ts'

/**
 * The keyed hashes by which a contact is found: of its id (first), its address, and its reference in each site's tokens.
 * The address of a customer of the demo leads nowhere: it may be that of a real contact.
 */
export function createKeysOf(keyring: Keyring, sites: () => Iterable<Site>): KeysOf {
  return ({ id, email, emailSha256 }) => {
    const own = email === null ? emailSha256 : sha256Hex(normaliseEmail(email))
    const address = isDemoContact(id) ? null : own
    return [
      keyring.identifier('contact', id),
      ...(address === null ? [] : [keyring.identifier('email', address)]),
      ...[...sites()].flatMap((site) =>
        [site.link_secret, ...(site.retired_link_secrets ?? [])].map((secret) =>
          keyring.identifier('link', `${site.id}:${contactReference(linkMac, secret, id)}`),
        ),
      ),
    ]
  }
}

/** The same for the current sites of a store. */
export async function readKeysOf(db: Kysely<Database>, keyring: Keyring): Promise<KeysOf> {
  const sites = await listSites(db)
  return createKeysOf(keyring, () => sites)
}

/** The version of the rule by which addresses are compared. */
const ADDRESS_RULE = '2'

/** Addresses that a newer rule may compare differently: those with other than ASCII characters, or an apostrophe first. */
const UNUSUAL = sql<SqlBool>`octet_length(email) <> length(email) or email like '''%'`

/** Lets contacts be found by the current rule for addresses, after an upgrade from an older one. */
export async function updateAddressKeys(db: Kysely<Database>, keyring: Keyring): Promise<void> {
  if ((await readMeta(db, 'address_rule')) === ADDRESS_RULE) return
  await rekeyContacts(db, await readKeysOf(db, keyring), UNUSUAL)
  await writeMeta(db, 'address_rule', ADDRESS_RULE)
}

/** Adds a site with new secrets, and lets every contact be found by the site's link tokens. */
export async function createSite(
  db: Kysely<Database>,
  keyring: Keyring,
  given: { id: string; origins: string[]; settings?: Partial<SiteSettings> },
  now: number,
): Promise<Site> {
  const site: Site = {
    id: given.id,
    origins: given.origins,
    write_key: newSecret('wk_'),
    identity_secret: newSecret(),
    link_secret: newSecret(),
    settings: { ...defaultSettings(), ...given.settings },
  }
  await insertSite(db, site, now)
  await rekeyContacts(db, await readKeysOf(db, keyring))
  return site
}

/**
 * Replaces a site's link secret, which revokes all its tokens. Existing links remain valid, so contacts are still found
 * by the old tokens. `note` runs in the transaction of the change.
 */
export async function renewLinkSecret(
  db: Kysely<Database>,
  keyring: Keyring,
  siteId: string,
  note: (trx: Transaction<Database>) => Promise<void>,
): Promise<void> {
  await transact(db, async (trx) => {
    await replaceLinkSecret(trx, siteId, newSecret())
    await note(trx)
  })
  await rekeyContacts(db, await readKeysOf(db, keyring))
}

/** Adds an API key. The key itself is returned once and not stored. */
export async function createKey(
  db: Kysely<Database>,
  given: { id: string; scopes: string[] },
  now: number,
): Promise<{ id: string; key: string; scopes: string[] }> {
  const key = newSecret('ck_')
  await putApiKey(db, { ...given, hash: hashSecret(key) }, now)
  return { ...given, key }
}

/** Parses an origin, or returns a sentence that says what it must be. */
export function parseOrigin(text: string): { origin: string } | { error: string } {
  const url = URL.parse(text)
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '' && url.hash === '') {
    return { origin: url.origin }
  }
  return { error: `an origin must be scheme and host, such as https://shop.example (got "${text}")` }
}
