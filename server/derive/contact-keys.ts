/**
 * Makes the keys by which the link tokens of a new site, or of a new link secret, name the contacts. A step takes one page of
 * contacts of one site, so that landing and deriving go on between; the position is in the store, so it continues after a
 * restart and in whichever process comes next. A click that arrives before the key of its contact is decided again then.
 */
import type { Kysely } from 'kysely'
import type { Site } from '../domain/settings.ts'
import { transact } from '../store/engine/transact.ts'
import type { Database } from '../store/schema.ts'
import { makeWantedKeys, wantedKeys } from '../store/wanted-keys.ts'

/** How often the store is checked for new sites and secrets. */
const LOOK_EVERY_MS = 250

/** Creates the step, which returns whether it found work. `now` is a monotonic clock. */
export function createKeyMaking({
  db,
  keysOf,
  now,
}: {
  db: Kysely<Database>
  keysOf: (site: Site, contactId: string) => string[]
  now: () => number
}): () => Promise<boolean> {
  let lookAt = Number.NEGATIVE_INFINITY
  return async () => {
    if (now() < lookAt) return false
    const [site] = (await wantedKeys(db)).keys()
    if (site === undefined) {
      lookAt = now() + LOOK_EVERY_MS
      return false
    }
    await transact(db, (trx) => makeWantedKeys(trx, site, keysOf))
    return true
  }
}
