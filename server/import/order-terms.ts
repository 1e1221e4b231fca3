/** How orders are read for want of better: the zone of times without one, and the currency of amounts without one. */
import type { Kysely } from 'kysely'
import type { Database } from '../store/schema.ts'
import { listSites } from '../store/sites.ts'
import { ImportRefusal } from './columns.ts'

/**
 * `zone` is null if the sites are in different ones. `from` says whether the sender named it, the sites' settings did, or
 * nobody; then it is UTC. `currency` is null if neither the sender nor the sites name one.
 */
export type OrderTerms = {
  zone: string | null
  from: 'sender' | 'site' | 'nobody'
  currency: string | null
}

/** The terms of an import: what its sender says, else the settings of its site, else what the sites agree on. */
export async function readOrderTerms(
  db: Kysely<Database>,
  said: { timezone?: string | undefined; currency?: string | undefined; site?: string | undefined },
): Promise<OrderTerms> {
  const sites = (await listSites(db)).filter((site) => said.site === undefined || site.id === said.site)
  if (said.site !== undefined && sites.length === 0) {
    throw new ImportRefusal('unknown_site', `there is no site "${said.site}"`)
  }
  const settings = sites.map((site) => site.settings)
  const agreed = (values: string[]) => [...new Set(values.filter((value) => value !== ''))]
  const zones = agreed(settings.map(({ timezone }) => timezone))
  const currencies = agreed(settings.map(({ currency }) => currency))
  const [currency, another] = currencies
  return {
    ...zoneOf(said.timezone, zones),
    currency: said.currency?.toUpperCase() ?? (another === undefined ? (currency ?? null) : null),
  }
}

function zoneOf(said: string | undefined, zones: readonly string[]): Pick<OrderTerms, 'zone' | 'from'> {
  if (said !== undefined) return { zone: said, from: 'sender' }
  const [zone, another] = zones
  if (zone === undefined) return { zone: 'UTC', from: 'nobody' }
  return { zone: another === undefined ? zone : null, from: 'site' }
}
