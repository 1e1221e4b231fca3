/** Sites. Every change increments `config_version`. */
import type { Kysely, Transaction } from 'kysely'
import { Problem } from '../domain/problem.ts'
import { defaultSettings, type Site, type SiteSettings } from '../domain/settings.ts'
import { moveVersion } from './config-version.ts'
import { transact } from './engine/transact.ts'
import { isListOf, isText, readMetaMap, writeMeta } from './meta.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { SiteRow } from './schema/configuration.ts'
import type { Database } from './schema.ts'
import { mark } from './work/dirty.ts'
import { lockLeases } from './work/leases.ts'

/** Prefix of names in `meta`: followed by a site's id, it names the JSON list of that site's former link secrets. */
export const RETIRED_SECRETS = 'retired_link_secrets '

function retiredSecrets(db: Kysely<Database>): Promise<Map<string, string[]>> {
  return readMetaMap(db, RETIRED_SECRETS, isListOf(isText))
}

/** Gives a site a new link secret, and keeps the old one for links that were made with it. */
export async function replaceLinkSecret(trx: Transaction<Database>, id: string, secret: string): Promise<void> {
  await moveVersion(trx)
  const site = await findSite(trx, id)
  if (!site) throw new Error(`there is no site "${id}"`)
  const secrets = [site.link_secret, ...(site.retired_link_secrets ?? [])]
  await writeMeta(trx, RETIRED_SECRETS + id, JSON.stringify(secrets))
  await trx.updateTable('sites').set({ link_secret: secret }).where('id', '=', id).execute()
}

function toSite(row: SiteRow, retired: Map<string, string[]>): Site {
  const before = retired.get(row.id)
  return {
    id: row.id,
    origins: decodeJson(row.origins),
    write_key: row.write_key,
    identity_secret: row.identity_secret,
    link_secret: row.link_secret,
    ...(before === undefined ? {} : { retired_link_secrets: before }),
    settings: { ...defaultSettings(), ...decodeJson(row.settings) },
  }
}

/** One site, or null. */
export async function findSite(db: Kysely<Database>, id: string): Promise<Site | null> {
  const row = await db.selectFrom('sites').selectAll().where('id', '=', id).executeTakeFirst()
  return row ? toSite(row, await retiredSecrets(db)) : null
}

/** All sites. */
export async function listSites(db: Kysely<Database>): Promise<Site[]> {
  const retired = await retiredSecrets(db)
  const rows = await db.selectFrom('sites').selectAll().orderBy('id').execute()
  return rows.map((row) => toSite(row, retired))
}

/** Adds a site. Throws if the id is taken. `note` runs in the same transaction. */
export async function insertSite(
  db: Kysely<Database>,
  site: Site,
  now: number,
  note: (trx: Transaction<Database>) => Promise<void> = async () => {},
): Promise<void> {
  await transact(db, async (trx) => {
    await moveVersion(trx)
    if (await findSite(trx, site.id)) throw new Problem(409, 'site_exists', `there is already a site "${site.id}"`)
    await note(trx)
    await trx
      .insertInto('sites')
      .values({
        id: site.id,
        origins: encodeJson(site.origins),
        write_key: site.write_key,
        identity_secret: site.identity_secret,
        link_secret: site.link_secret,
        settings: encodeJson(site.settings),
        created_at: now,
      })
      .execute()
  })
}

/**
 * Changes a site's origins, settings or identity secret. If settings or origins change, the same transaction marks the
 * site's visitors, so that they are derived again. `note` runs in it too.
 */
export async function updateSite(
  db: Kysely<Database>,
  id: string,
  change: { origins?: string[]; addOrigins?: string[]; identitySecret?: string; settings?: Partial<SiteSettings> },
  note: (trx: Transaction<Database>) => Promise<void> = async () => {},
): Promise<Site> {
  return transact(db, async (trx) => {
    // Keeps visitors from being written with the old settings in the meantime.
    const rederives = change.settings ?? change.origins ?? change.addOrigins
    if (rederives) await lockLeases(trx)
    await moveVersion(trx)
    const site = await findSite(trx, id)
    if (!site) throw new Error(`there is no site "${id}"`)
    await note(trx)
    const next: Site = {
      ...site,
      origins: [...new Set([...(change.origins ?? site.origins), ...(change.addOrigins ?? [])])],
      identity_secret: change.identitySecret ?? site.identity_secret,
      settings: { ...site.settings, ...change.settings },
    }
    await trx
      .updateTable('sites')
      .set({
        origins: encodeJson(next.origins),
        identity_secret: next.identity_secret,
        settings: encodeJson(next.settings),
      })
      .where('id', '=', id)
      .execute()
    if (rederives) {
      const visitors = await trx.selectFrom('visitors').select('visitor_id').where('site_id', '=', id).execute()
      await mark(
        trx,
        'dirty_visitors',
        visitors.map((row) => row.visitor_id),
      )
    }
    return next
  })
}
