/** Waits for work of the deriver. A running server does it, or else this process. */
import { setTimeout as sleep } from 'node:timers/promises'
import { nanoid } from 'nanoid'
import { createDeriver } from '../derive/derive.ts'
import { tryLockFolder } from '../journal/folder-lock.ts'
import type { Config } from '../ops/config.ts'
import { createKeyring } from '../ops/keyring.ts'
import { openShare } from '../store/open.ts'
import { LostClaim } from '../store/work/ownership.ts'
import type { Store } from './prepare-store.ts'

/** How often the progress of a running server is read. */
const LOOK_MS = 200

/** How often this process renews its share. */
const BEAT_MS = 2000

/**
 * Derives while something is under way, or watches the server that does. `step` is work of the pipeline besides deriving;
 * it returns whether it found any.
 */
export async function deriveWhile(
  isUnderWay: () => Promise<boolean>,
  db: Store,
  config: Config,
  step: () => Promise<boolean> = async () => false,
): Promise<void> {
  while (await isUnderWay()) {
    // SQLite allows one deriving process; on PostgreSQL this one joins the others.
    const lock = config.databaseUrl === null ? tryLockFolder(config.dataDir) : null
    if (lock === null && config.databaseUrl === null) await sleep(LOOK_MS)
    else {
      await deriveHere(isUnderWay, db, config, step)
      lock?.release()
    }
  }
}

async function deriveHere(
  isUnderWay: () => Promise<boolean>,
  db: Store,
  config: Config,
  step: () => Promise<boolean>,
): Promise<void> {
  const { tombstone, seal } = createKeyring(config.secret)
  const share = openShare(config, `command-${nanoid(10)}`)
  const deriver = createDeriver({ db, ownership: share.ownership, tombstone, seal, now: () => Date.now() })
  // Another process may take over a key that this one derives. Nothing is written then, which is no error.
  const round = () =>
    deriver.round().catch((error: unknown) => {
      if (error instanceof LostClaim) return true
      throw error
    })
  try {
    for (let beatAt = 0; await isUnderWay(); ) {
      if (performance.now() >= beatAt) {
        await share.beat()
        beatAt = performance.now() + BEAT_MS
      }
      const stepped = await step()
      // A busy visitor has a cool-down, so a round may find nothing to do before the end.
      if (!(await round()) && !stepped) await sleep(20)
    }
    if (config.databaseUrl === null) while (await round());
  } finally {
    await share.close()
  }
}
