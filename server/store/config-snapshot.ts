/** Sites and API keys as the collector holds them, read at one moment. */
import type { Kysely } from 'kysely'
import type { Site } from '../domain/settings.ts'
import type { ApiKey } from './api-keys.ts'
import { configVersion } from './config-version.ts'
import { snapshot } from './engine/transact.ts'
import { decodeJson } from './schema/columns.ts'
import type { Database } from './schema.ts'
import { listSites } from './sites.ts'

/** All that the collector needs to know, with the version it was read at. */
export type ConfigSnapshot = { version: number; sites: Site[]; keys: ApiKey[] }

/** Reads sites and keys as they are now. */
export async function readConfig(db: Kysely<Database>): Promise<ConfigSnapshot> {
  return snapshot(db, async (trx) => {
    const version = await configVersion(trx)
    const sites = await listSites(trx)
    const keys = await trx.selectFrom('api_keys').selectAll().orderBy('id').execute()
    return {
      version,
      sites,
      keys: keys.map((key) => ({ id: key.id, hash: key.hash, scopes: decodeJson(key.scopes) })),
    }
  })
}
