/**
 * Shows the progress of a rebuild that an upgrade requested, while the server works on it: as a bar on a terminal,
 * otherwise as occasional log lines.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RebuildProgress } from '../actions/rebuild.ts'
import { createBar, shareText } from './bar.ts'

/** How often the progress is read. */
const LOOK_MS = 200

/** How often the progress is logged without a terminal. */
const LOG_EVERY_MS = 10_000

/** Watches until no rebuild is running or `signal` aborts. `read` may throw while the store is unavailable. */
export async function watchRebuild(
  read: () => Promise<RebuildProgress | null>,
  log: (progress: RebuildProgress, text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const bar = createBar()
  let last: RebuildProgress | null = null
  let loggedAt = Number.NEGATIVE_INFINITY
  try {
    while (!signal.aborted) {
      const progress = await read().catch(() => last ?? { done: 0, total: 0 })
      if (progress === null) break
      last = progress
      bar.draw((_, width) => shareText(progress.done, progress.total, 'visitors derived again', width))
      if (!bar.shown && performance.now() - loggedAt >= LOG_EVERY_MS) {
        loggedAt = performance.now()
        log(progress, 'visitors are being derived again after the upgrade')
      }
      await sleep(LOOK_MS, undefined, { signal }).catch(() => {})
    }
  } finally {
    bar.end()
  }
  if (last !== null && !signal.aborted) log({ ...last, done: last.total }, 'all visitors were derived again')
}
