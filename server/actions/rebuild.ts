/** Derives everything again, and returns when it is done. A running server does the work, or else this process. */
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

/** How often the progress of a running server is read. */
const LOOK_MS = 200

/** How often this process renews its share. */
const BEAT_MS = 2000

/** How many visitors are derived again, out of how many. */
export type RebuildProgress = { done: number; total: number }

/** The progress of the running rebuild, or null without one. */
export async function rebuildProgress(db: Store): Promise<RebuildProgress | null> {
  const rebuild = await readRebuild(db)
  if (rebuild === null) return null
  const left = rebuild.phase === 'visitors' ? await rebuildLeft(db, rebuild.visitors) : 0
  return { done: rebuild.visitors - left, total: rebuild.total }
}

/** Rebuilds, and returns how many visitors were derived. */
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
    // SQLite allows one deriving process; on PostgreSQL this one joins the others.
    const lock = config.databaseUrl === null ? tryLockFolder(config.dataDir) : null
    if (lock === null && config.databaseUrl === null) await sleep(LOOK_MS)
    else {
      await deriveWhile(isUnderWay, db, config)
      lock?.release()
    }
  }
  return rebuiltVisitors(db)
}

async function deriveWhile(isUnderWay: () => Promise<boolean>, db: Store, config: Config): Promise<void> {
  const { tombstone } = createKeyring(config.secret)
  const share = openShare(config, `command-${nanoid(10)}`)
  const deriver = createDeriver({ db, ownership: share.ownership, tombstone, now: () => Date.now() })
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
      // A busy visitor has a cool-down, so a round may find nothing to do before the end.
      if (!(await round())) await sleep(20)
    }
    if (config.databaseUrl === null) while (await round());
  } finally {
    await share.close()
  }
}
