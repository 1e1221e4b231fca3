/** Deletes a site, and returns when its visitors are gone. A running server removes them, or else this process. */
import { nanoid } from 'nanoid'
import { createSiteRemoval } from '../erasure/remove-site.ts'
import type { Config } from '../ops/config.ts'
import { createKeyring } from '../ops/keyring.ts'
import { countVisitors, deletedSites } from '../store/deleted-sites.ts'
import { deriveWhile } from './derive-while.ts'
import type { Store } from './prepare-store.ts'
import { type By, removeSite } from './sites.ts'

/** Deletes a site. Returns how many visitors it had, or null if there is none. */
export async function deleteWholeSite(
  db: Store,
  config: Config,
  id: string,
  by: By,
  onProgress: (done: number, total: number) => void,
): Promise<number | null> {
  const removed = await removeSite(db, id, by)
  if (removed === null) return null
  const isUnderWay = async () => {
    const removal = (await deletedSites(db)).get(id)
    if (removal === undefined) return false
    onProgress(removal.visitors, removal.total)
    return removal.after !== null || (await countVisitors(db, id)) > 0
  }
  const { tombstone } = createKeyring(config.secret)
  const removal = createSiteRemoval({
    db,
    tombstone,
    newId: () => nanoid(22),
    now: () => performance.now(),
    at: () => Date.now(),
  })
  await deriveWhile(isUnderWay, db, config, removal.step)
  return removed.visitors
}
