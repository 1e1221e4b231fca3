/** What persons are judged by: the definitions, and what their amounts and days mean in this shop. */
import type { Kysely } from 'kysely'
import { configVersion } from '../store/config-version.ts'
import type { Database } from '../store/schema.ts'
import { listScoreVersions, newestVersion } from '../store/score-versions.ts'
import { listSites } from '../store/sites.ts'
import { definitionsVersion, listSegments, type SegmentDefinition } from './definitions.ts'
import type { Locale } from './nodes/node.ts'

/**
 * The currency and time zone of the installation, which are those of its first site in the order of their ids, and the
 * parameters of its customers' scores.
 */
export type Shop = Locale

/** The segments by id, and the shop. */
export type Rules = { definitions: ReadonlyMap<string, SegmentDefinition>; shop: Shop }

/** The currency of definitions where no site has one. */
const NO_CURRENCY = 'EUR'

/** Reads the installation's currency and zone. */
export async function readShop(db: Kysely<Database>): Promise<Omit<Shop, 'scores'>> {
  const [first] = await listSites(db)
  return { currency: first?.settings.currency || NO_CURRENCY, zone: first?.settings.timezone || 'UTC' }
}

/** The rules that were read last, by store (each has its own adapter object), and of which versions they are. */
const kept = new WeakMap<object, { versions: string; rules: Rules }>()

/** Reads everything that persons are judged by. What has not changed is not read again for each batch. */
export async function readRules(db: Kysely<Database>): Promise<Rules> {
  const { adapter } = db.getExecutor()
  // Read first: what changes meanwhile is read again by the next one who asks.
  const versions = JSON.stringify([await definitionsVersion(db), await configVersion(db), await newestVersion(db)])
  const before = kept.get(adapter)
  if (before?.versions === versions) return before.rules
  const definitions = new Map((await listSegments(db)).map((segment) => [segment.id, segment]))
  const rules = { definitions, shop: { ...(await readShop(db)), scores: await listScoreVersions(db) } }
  kept.set(adapter, { versions, rules })
  return rules
}

/** What a definition's amounts and days mean; it may name a currency of its own. */
export function localeOf(shop: Shop, { currency }: Pick<SegmentDefinition, 'currency'>): Locale {
  return { ...shop, currency: currency ?? shop.currency }
}
