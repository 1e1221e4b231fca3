/** Gives the private routes their dependencies, which they know by type only. */
import type { Kysely } from 'kysely'
import { createIdentify } from './actions/identify.ts'
import { createKey, revokeKey } from './actions/keys.ts'
import { createMint, revokeTokens } from './actions/link-tokens.ts'
import { createServedRehearsal } from './actions/rehearsal.ts'
import { createSignIn } from './actions/sign-in.ts'
import { createSiteActs } from './actions/site-acts.ts'
import { createKeysOf } from './actions/sites.ts'
import type { Configuration } from './collect/configuration.ts'
import { anonymousVisitors } from './collect/visitor.ts'
import type { HttpDeps } from './http/deps.ts'
import { clientAddress } from './ops/address.ts'
import type { Config } from './ops/config.ts'
import { hashSecret, type Keyring, sha256Hex } from './ops/keyring.ts'
import { readLink } from './ops/link-reader.ts'
import { hashPassword, newPassword } from './ops/password.ts'
import { zip } from './ops/zip.ts'
import type { Database } from './store/schema.ts'

/** What the dependencies are made from. */
type Parts = {
  config: Config
  keyring: Keyring
  db: Kysely<Database>
  configuration: Configuration
  now: () => number
  newId: () => string
  keyUsed: (id: string) => void
  caughtUp: () => Promise<boolean>
  wake: () => void
}

const isHttps = (url: string) => url.startsWith('https:')

/** The dependencies of the private routes. */
export function createHttpDeps(parts: Parts): HttpDeps {
  const { config, keyring, db, configuration, now, newId, keyUsed, caughtUp, wake } = parts
  return {
    db,
    now,
    newId,
    caughtUp,
    identify: createIdentify({
      cookieMac: keyring.cookieMac,
      hashVisitor: keyring.visitor,
      secure: isHttps(config.publicUrl),
      now,
      newId,
      identifier: keyring.identifier,
      tokenHash: keyring.token,
      sha256: sha256Hex,
      readLink,
      tombstone: keyring.tombstone,
    }),
    keyUsed,
    createKey: async (given, by) => {
      const made = await createKey(db, given, by)
      await configuration.refresh()
      return made
    },
    revokeKey: async (id, by) => {
      const existed = await revokeKey(db, id, by)
      await configuration.refresh()
      return existed
    },
    findKey: (token) => configuration.freshKey(hashSecret(token)),
    findSite: (id) => configuration.freshSite(id),
    anonymousVisitors: (anonymousId) => {
      const siteIds = [...configuration.sites()].map((site) => site.id)
      return anonymousVisitors(siteIds, anonymousId, keyring.visitor)
    },
    sites: createSiteActs({ db, refresh: configuration.refresh }),
    rehearse: () => createServedRehearsal(config.dataDir),
    tombstone: keyring.tombstone,
    unseal: keyring.unseal,
    keysOf: async () => {
      await configuration.refresh()
      return createKeysOf(keyring, configuration.sites)
    },
    mint: createMint(config.publicUrl),
    revoke: async (site, revoking, note) => {
      const revoked = await revokeTokens(db, keyring, site, revoking, now(), note)
      await configuration.refresh()
      return revoked
    },
    ...createSignIn({ db, now, newId }),
    hashPassword,
    newPassword,
    // The demo shop calls the application without a connection.
    addressOf: (c) => (c.env === undefined ? null : clientAddress(c.env.incoming, config.trustProxy)),
    secure: isHttps(config.adminUrl ?? config.publicUrl),
    zip: (files, at) => zip(files, new Date(at)),
    wake,
  }
}
