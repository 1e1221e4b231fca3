/**
 * Deleted sites, and how far the removal of their visitors is. A site goes at once with its keys, secrets and settings; its
 * visitors are then marked in slices (`erasure/remove-site`). The id is kept: landing drops what still arrives for it, and
 * no other site can have it.
 */
import type { Kysely, Transaction } from 'kysely'
import { deleteClosingsOf } from './cart-closings.ts'
import { moveVersion } from './config-version.ts'
import { ofKeys } from './engine/many.ts'
import { isNumber, isObjectOf, isText, readMetaMap, writeMeta } from './meta.ts'
import { deleteQualityOf } from './quality.ts'
import type { Database } from './schema.ts'
import { RETIRED_SECRETS } from './sites.ts'

/** Prefix of names in `meta`: followed by a site's id, it names the state of that site's removal. */
export const DELETED_SITE = 'deleted_site '

/**
 * When a site was deleted. All its visitors up to `after` are marked, `visitors` of them; null means that all are. `total`
 * is how many it had.
 */
export type SiteRemoval = { at: number; after: string | null; visitors: number; total: number }

const isRemoval = isObjectOf<SiteRemoval>({
  at: isNumber,
  after: (value) => value === null || isText(value),
  visitors: isNumber,
  total: isNumber,
})

/** All deleted sites by id. */
export function deletedSites(db: Kysely<Database>): Promise<Map<string, SiteRemoval>> {
  return readMetaMap(db, DELETED_SITE, isRemoval)
}

/** Notes how far the removal of a deleted site is. */
export async function saveRemoval(trx: Transaction<Database>, id: string, removal: SiteRemoval): Promise<void> {
  await writeMeta(trx, DELETED_SITE + id, JSON.stringify(removal))
}

/** Deletes a site, and notes that its visitors have to go. Returns null if there is no such site. */
export async function deleteSite(trx: Transaction<Database>, id: string, now: number): Promise<SiteRemoval | null> {
  await moveVersion(trx)
  const deleted = await trx.deleteFrom('sites').where('id', '=', id).returning('id').execute()
  if (deleted.length === 0) return null
  await trx
    .deleteFrom('meta')
    .where('name', '=', RETIRED_SECRETS + id)
    .execute()
  // The message of a revocation follows the site and a space, which `!` comes after.
  await trx
    .deleteFrom('revocations')
    .where('kind', '=', 'message')
    .where('value', '>=', `${id} `)
    .where('value', '<', `${id}!`)
    .execute()
  await deleteQualityOf(trx, id)
  await deleteClosingsOf(trx, id)
  const removal = { at: now, after: '', visitors: 0, total: await countVisitors(trx, id) }
  await saveRemoval(trx, id, removal)
  return removal
}

/** How many visitors of a site there are, as far as they are derived. */
export async function countVisitors(db: Kysely<Database>, id: string): Promise<number> {
  const { n } = await db
    .selectFrom('visitors')
    .select((eb) => eb.fn.countAll().as('n'))
    .where('site_id', '=', id)
    .executeTakeFirstOrThrow()
  return Number(n)
}

const selectSites = (table: 'consents' | 'events') =>
  ofKeys((db, visitorIds) =>
    db.selectFrom(table).select(['visitor_id', 'site_id']).distinct().where('visitor_id', 'in', visitorIds),
  )
const [selectConsents, selectEvents] = [selectSites('consents'), selectSites('events')]

/** The sites that visitors were on, by visitor. A choice that was sent for two sites names only one of them. */
export async function sitesOfVisitors(db: Kysely<Database>, visitorIds: string[]): Promise<Map<string, Set<string>>> {
  const rows = [...(await selectConsents(db, visitorIds)), ...(await selectEvents(db, visitorIds))]
  const byVisitor = Map.groupBy(rows, (row) => row.visitor_id)
  return new Map([...byVisitor].map(([id, own]) => [id, new Set(own.map((row) => row.site_id))]))
}

/** Those of the visitors that were on deleted sites only. */
export async function visitorsOfDeleted(db: Kysely<Database>, visitorIds: string[]): Promise<Set<string>> {
  const deleted = await deletedSites(db)
  if (deleted.size === 0) return new Set()
  // Most visitors need no second look.
  const consents = await selectConsents(db, visitorIds)
  const chosen = [...new Set(consents.flatMap((row) => (deleted.has(row.site_id) ? row.visitor_id : [])))]
  if (chosen.length === 0) return new Set()
  const sites = await sitesOfVisitors(db, chosen)
  return new Set([...sites].flatMap(([visitor, own]) => ([...own].every((id) => deleted.has(id)) ? visitor : [])))
}
