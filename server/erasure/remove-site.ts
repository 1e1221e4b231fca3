/**
 * Removes what the visitors of a deleted site left, a slice of visitors at a time, so that nothing else waits for it: each
 * slice is noted for the journals, and marked for the deriver, which deletes it. The next slice follows when that is nearly
 * done. A visitor that a server with a secret key named at another site too loses only its part at the deleted one.
 */
import type { Kysely, Transaction } from 'kysely'
import type { VisitorId } from '../domain/ids.ts'
import { deleteDeadLetter, listDeadLetters } from '../store/dead-letters.ts'
import { deletedSites, type SiteRemoval, saveRemoval, sitesOfVisitors } from '../store/deleted-sites.ts'
import { chunks } from '../store/engine/many.ts'
import { transact } from '../store/engine/transact.ts'
import { removeMoments } from '../store/erased-spans.ts'
import { insertErasure } from '../store/erasures.ts'
import type { ErasedSpan } from '../store/schema/erasure.ts'
import type { Database } from '../store/schema.ts'
import { mark, markedAmong } from '../store/work/dirty.ts'
import { lockName } from '../store/work/locks.ts'

/** What the removal needs. `now` is a monotonic clock, `at` the wall clock. */
export type SiteRemovalDeps = {
  db: Kysely<Database>
  tombstone: (visitorId: string) => string
  newId: () => string
  now: () => number
  at: () => number
}

/** Removes deleted sites. `step` does what is due, and returns whether it found work. */
export type RemovingSites = { step(): Promise<boolean> }

/** Visitors per slice, and how many of the previous one may be left when the next one is marked. */
const SLICE = 500
const NEARLY_DONE = 50

/** How often the store is checked for deleted sites. */
const LOOK_EVERY_MS = 500

/** Creates the removal, which remembers its last slice. */
export function createSiteRemoval(deps: SiteRemovalDeps): RemovingSites {
  const { db, now } = deps
  let lookAt = Number.NEGATIVE_INFINITY
  let slice: VisitorId[] = []
  return {
    async step() {
      if (now() < lookAt) return false
      const due = [...(await deletedSites(db))].find(([, { after }]) => after !== null)
      if (due === undefined) {
        lookAt = now() + LOOK_EVERY_MS
        slice = []
        return false
      }
      if ((await markedAmong(db, 'dirty_visitors', slice)).size > NEARLY_DONE) return false
      slice = await transact(db, (trx) => removeSlice(trx, due[0], deps))
      return true
    },
  }
}

/** Takes the next visitors of a site, and returns those that are marked. */
async function removeSlice(trx: Transaction<Database>, site: string, deps: SiteRemovalDeps): Promise<VisitorId[]> {
  // Another process may be at it too.
  await lockName(trx, 'config')
  const removal = (await deletedSites(trx)).get(site)
  if (removal === undefined || removal.after === null) return []
  const page = await trx
    .selectFrom('consents')
    .select('visitor_id')
    .distinct()
    .where('visitor_id', '>', removal.after)
    .orderBy('visitor_id')
    .limit(SLICE)
    .execute()
  const last = page.at(-1)
  if (last === undefined) {
    await removeDeadLettersOf(trx, site)
    await saveRemoval(trx, site, { ...removal, after: null })
    return []
  }
  const sites = await sitesOfVisitors(
    trx,
    page.map((row) => row.visitor_id),
  )
  const visitors = page.map((row) => row.visitor_id).filter((id) => sites.get(id)?.has(site))
  const spans: ErasedSpan[] = []
  for (const visitor of visitors) {
    const isOnlyHere = sites.get(visitor)?.size === 1
    if (isOnlyHere) spans.push({ visitor: deps.tombstone(visitor), from: null, to: null })
    else spans.push(...(await removePart(trx, visitor, site, deps)))
  }
  for (const part of chunks(spans, SLICE)) {
    await insertErasure(trx, { id: deps.newId(), at: deps.at(), spans: part })
  }
  await mark(trx, 'dirty_visitors', visitors)
  const next: SiteRemoval = { ...removal, after: last.visitor_id, visitors: removal.visitors + visitors.length }
  await saveRemoval(trx, site, next)
  return visitors
}

/** Deletes what a visitor left at one of its sites. Returns the moments that journals have to forget. */
async function removePart(
  trx: Transaction<Database>,
  visitor: VisitorId,
  site: string,
  { tombstone }: SiteRemovalDeps,
): Promise<ErasedSpan[]> {
  const moments: { id: string; at: number }[] = []
  for (const table of ['events', 'claims'] as const) {
    const own = trx.selectFrom(table).select(['id', 'at']).where('visitor_id', '=', visitor).where('site_id', '=', site)
    moments.push(...(await own.execute()))
  }
  await removeMoments(trx, visitor, [...new Set(moments.map(({ id }) => id))])
  for (const table of ['devices', 'consents'] as const) {
    await trx.deleteFrom(table).where('visitor_id', '=', visitor).where('site_id', '=', site).execute()
  }
  const hash = tombstone(visitor)
  return [...new Set(moments.map(({ at }) => at))].map((at) => ({ visitor: hash, from: at, to: at }))
}

/** Deletes the site's entries that could not be landed. Those that are not even entries name no site. */
async function removeDeadLettersOf(trx: Transaction<Database>, site: string): Promise<void> {
  for (const letter of await listDeadLetters(trx)) if (siteOf(letter.body) === site) await deleteDeadLetter(trx, letter)
}

function siteOf(body: string): unknown {
  try {
    return (JSON.parse(body) as { site?: unknown } | null)?.site
  } catch {
    return undefined
  }
}
