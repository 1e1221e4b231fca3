/** Creates sites and API keys with their secrets, for the start of a server and for the commands. */
import { type Kysely, type SqlBool, sql, type Transaction } from 'kysely'
import { linkKeys, ownKeys } from '../domain/contact-keys.ts'
import { Problem } from '../domain/problem.ts'
import { defaultSettings, type Site, type SiteSettings } from '../domain/settings.ts'
import { type Keyring, linkMac, newSecret, sha256Hex } from '../ops/keyring.ts'
import { writeAudit } from '../store/audit.ts'
import { type KeysOf, rekeyContacts } from '../store/contacts.ts'
import { deletedSites, deleteSite } from '../store/deleted-sites.ts'
import { transact } from '../store/engine/transact.ts'
import { readMeta, writeMeta } from '../store/meta.ts'
import type { Database } from '../store/schema.ts'
import { insertSite, listSites, replaceLinkSecret } from '../store/sites.ts'
import { wantKeys } from '../store/wanted-keys.ts'

/**
 * Computes the keyed hashes by which a contact is found, those of its references in each site's tokens among them. An
 * address that is looked up comes with an empty id, which no token refers to.
 */
export function createKeysOf(keyring: Keyring, sites: () => Iterable<Site>): KeysOf {
  const macs = { identifier: keyring.identifier, linkMac, sha256Hex }
  return (contact) => {
    const own = ownKeys(macs, contact)
    return contact.id === '' ? own : [...own, ...[...sites()].flatMap((site) => linkKeys(macs, site, contact.id))]
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

/** Who changes sites, for the audit log. */
export type By = { actor: string; id: string; now: number }

/** Whether a text can be the id of a site. */
export function isSiteId(text: string): boolean {
  return /^[a-z0-9][a-z0-9_-]{0,39}$/.test(text)
}

/** Adds a site with new secrets. Servers then let every contact be found by the site's link tokens. */
export async function createSite(
  db: Kysely<Database>,
  given: { id: string; origins: string[]; settings?: Partial<SiteSettings> },
  by: By,
): Promise<Site> {
  if (!isSiteId(given.id)) {
    throw new Problem(400, 'invalid_site', `id must be 1 to 40 of a-z 0-9 _ - (got "${given.id}")`)
  }
  const site: Site = {
    id: given.id,
    origins: given.origins,
    write_key: newSecret('wk_'),
    identity_secret: newSecret(),
    link_secret: newSecret(),
    settings: { ...defaultSettings(), ...given.settings },
  }
  await insertSite(db, site, by.now, async (trx) => {
    if ((await deletedSites(trx)).has(site.id)) {
      throw new Problem(409, 'site_deleted', `the site "${site.id}" was deleted, and its id cannot be used again`)
    }
    await noteSite(trx, 'create', site.id, by)
    await wantKeys(trx, site.id)
  })
  return site
}

/** Writes the audit row of a change of a site. */
export function noteSite(
  trx: Transaction<Database>,
  act: 'create' | 'set' | 'delete',
  site: string,
  { actor, id, now }: By,
  detail: Record<string, unknown> = {},
): Promise<void> {
  return writeAudit(trx, { id, at: now, actor, action: `sites.${act}`, detail: { site, ...detail } })
}

/**
 * Deletes a site with its keys and secrets at once; its visitors follow in the background (`erasure/remove-site`). Returns
 * how many these are, or null if there is no such site.
 */
export function removeSite(db: Kysely<Database>, id: string, by: By): Promise<{ visitors: number } | null> {
  return transact(db, async (trx) => {
    const removal = await deleteSite(trx, id, by.now)
    if (removal === null) return null
    await noteSite(trx, 'delete', id, by, { visitors: removal.total })
    return { visitors: removal.total }
  })
}

/**
 * Replaces a site's link secret, which revokes all its tokens. Existing links remain valid, so contacts are still found
 * by the old tokens. `note` runs in the transaction of the change.
 */
export async function renewLinkSecret(
  db: Kysely<Database>,
  siteId: string,
  note: (trx: Transaction<Database>) => Promise<void>,
): Promise<void> {
  await transact(db, async (trx) => {
    await replaceLinkSecret(trx, siteId, newSecret())
    await note(trx)
    await wantKeys(trx, siteId)
  })
}

/** Parses an origin, or returns a sentence that says what it must be. */
export function parseOrigin(text: string): { origin: string } | { error: string } {
  const url = URL.parse(text)
  if (
    url &&
    /^https?:$/.test(url.protocol) &&
    `${url.username}${url.password}` === '' &&
    url.pathname === '/' &&
    !/[?#*]/.test(text)
  ) {
    return { origin: url.origin }
  }
  return { error: `an origin must be scheme and host, such as https://shop.example (got "${text}")` }
}
