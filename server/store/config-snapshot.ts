/** Sites and API keys as the collector caches them, read from one snapshot. */
import type { Kysely } from 'kysely'
import type { Site } from '../domain/settings.ts'
import type { StoredKey } from './api-keys.ts'
import { configVersion } from './config-version.ts'
import { snapshot } from './engine/transact.ts'
import { decodeJson } from './schema/columns.ts'
import type { Database } from './schema.ts'
import { listSites } from './sites.ts'

/** The collector's configuration, with its version. */
export type ConfigSnapshot = { version: number; sites: Site[]; keys: StoredKey[] }

/** Reads the current sites and keys. */
export async function readConfig(db: Kysely<Database>): Promise<ConfigSnapshot> {
  return snapshot(db, async (trx) => {
    const version = await configVersion(trx)
    const sites = await listSites(trx)
    const keys = await trx
      .selectFrom('api_keys')
      .select(['id', 'hash', 'name', 'scopes', 'expires_at'])
      .orderBy('id')
      .execute()
    return { version, sites, keys: keys.map((key) => ({ ...key, scopes: decodeJson(key.scopes) })) }
  })
}
