/** Makes everything derived again, and returns when it is done: a running server does the work, or this process does. */
import { setTimeout as sleep } from 'node:timers/promises'
import { nanoid } from 'nanoid'
import { createDeriver } from '../derive/derive.ts'
import { beginRebuild, readRebuild, rebuildLeft, rebuiltVisitors } from '../derive/rebuild.ts'
import { tryLockFolder } from '../journal/folder-lock.ts'
import type { Config } from '../ops/config.ts'
import { createKeyring } from '../ops/keyring.ts'
import { openShare } from '../store/open.ts'
import { LostClaim } from '../store/work/ownership.ts'
import type { Store } from './prepare-store.ts'

/** How often it looks how far a running server is. */
const LOOK_MS = 200

/** How often its share is renewed. */
const BEAT_MS = 2000

/** How many visitors of how many are derived again. */
export type RebuildProgress = { done: number; total: number }

/** How far the rebuild is that is under way; null where there is none. */
export async function rebuildProgress(db: Store): Promise<RebuildProgress | null> {
  const rebuild = await readRebuild(db)
  if (rebuild === null) return null
  const left = rebuild.phase === 'visitors' ? await rebuildLeft(db, rebuild.visitors) : 0
  return { done: rebuild.visitors - left, total: rebuild.total }
}

/** Rebuilds, and returns how many visitors were derived. `onProgress` learns how many of how many are done. */
export async function rebuildAll(
  db: Store,
  config: Config,
  onProgress: (done: number, total: number) => void,
): Promise<number> {
  await beginRebuild(db)
  const isUnderWay = async () => {
    const progress = await rebuildProgress(db)
    if (progress !== null) onProgress(progress.done, progress.total)
    return progress !== null
  }
  while (await isUnderWay()) {
    // Alone on SQLite, as one of the processes on PostgreSQL.
    const lock = config.databaseUrl === null ? tryLockFolder(config.dataDir) : null
    if (lock === null && config.databaseUrl === null) await sleep(LOOK_MS)
    else {
      await deriveWhile(isUnderWay, db, config)
      lock?.release()
    }
  }
  return rebuiltVisitors(db)
}

async function deriveWhile(goOn: () => Promise<boolean>, db: Store, config: Config): Promise<void> {
  const { tombstone } = createKeyring(config.secret)
  const share = openShare(config, `command-${nanoid(10)}`)
  const deriver = createDeriver({ db, ownership: share.ownership, tombstone, now: () => Date.now() })
  // Another process may take over what this one derives: it is not written, and all is well.
  const round = () =>
    deriver.round().catch((error: unknown) => {
      if (error instanceof LostClaim) return true
      throw error
    })
  try {
    for (let beatAt = 0; await goOn(); ) {
      if (performance.now() >= beatAt) {
        await share.beat()
        beatAt = performance.now() + BEAT_MS
      }
      // A busy visitor rests for a moment, so there may be nothing to do before the end.
      if (!(await round())) await sleep(20)
    }
    if (config.databaseUrl === null) while (await round());
  } finally {
    await share.close()
  }
}
