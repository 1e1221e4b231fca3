/** Reads the choices of visitors: all of them, and the one that counts now. */
import type { Kysely, Transaction } from 'kysely'
import type { ConsentRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'
import { findTombstones } from './tombstones.ts'

/**
 * A visitor's latest choice at a site, in the order of `domain/consent`: at equal times the denial counts. Null if none is known or
 * the visitor withdrew. A withdrawal's rows may not be deleted yet, so the tombstone is checked first.
 */
export async function lastConsent(
  trx: Transaction<Database>,
  siteId: string,
  visitorId: string,
  tombstone: string,
): Promise<ConsentRow | null> {
  if ((await findTombstones(trx, [tombstone])).size > 0) return null
  const row = await trx
    .selectFrom('consents')
    .selectAll()
    .where('visitor_id', '=', visitorId)
    .where('site_id', '=', siteId)
    .orderBy('last_at', 'desc')
    .orderBy('id', 'desc')
    .orderBy('identity')
    .orderBy('marketing')
    .limit(1)
    .executeTakeFirst()
  return row ?? null
}

/** The choices of visitors, oldest first. */
export async function listConsents(db: Kysely<Database>, visitorIds: string[]) {
  if (visitorIds.length === 0) return []
  return db.selectFrom('consents').selectAll().where('visitor_id', 'in', visitorIds).orderBy('first_at').execute()
}

/** No more of the newest choices are looked at: they tell where a site's choices come from. */
const NEWEST_CHOICES = 1000

/** Where a site's newest choices were made, and how many of them there. */
export type ChoiceSource = { site: string; source: ConsentRow['source']; choices: number; lastAt: number }

/** Where the newest choices of a time were made, by site, the commonest source first. `to` is exclusive. */
export async function choiceSources(db: Kysely<Database>, from: number, to: number): Promise<ChoiceSource[]> {
  const rows = await db
    .selectFrom('consents')
    .select(['site_id', 'source', 'first_at'])
    .where('first_at', '>=', from)
    .where('first_at', '<', to)
    .orderBy('first_at', 'desc')
    .limit(NEWEST_CHOICES)
    .execute()
  const found = new Map<string, ChoiceSource>()
  for (const { site_id: site, source, first_at: lastAt } of rows) {
    const known = found.get(`${site} ${source}`)
    if (known) known.choices++
    else found.set(`${site} ${source}`, { site, source, choices: 1, lastAt })
  }
  return [...found.values()].sort((a, b) => (a.site < b.site ? -1 : a.site > b.site ? 1 : b.choices - a.choices))
}
