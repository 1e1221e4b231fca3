/** Derives everything again, and returns when it is done. A running server does the work, or else this process. */
import { beginRebuild, readRebuild, rebuildLeft, rebuiltVisitors } from '../derive/rebuild.ts'
import type { Config } from '../ops/config.ts'
import { deriveWhile } from './derive-while.ts'
import type { Store } from './prepare-store.ts'

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
  await deriveWhile(isUnderWay, db, config)
  return rebuiltVisitors(db)
}
