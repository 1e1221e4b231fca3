/**
 * Shows how far the rebuild is that an upgrade has asked for, while the server does it: as a bar on a terminal, and as a
 * line of the log now and then elsewhere.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RebuildProgress } from '../actions/rebuild.ts'
import { createBar, shareText } from './bar.ts'

/** How often it looks. */
const LOOK_MS = 200

/** How often it is logged where there is no terminal. */
const LOG_EVERY_MS = 10_000

/** Ends when no rebuild is under way, or with `signal`. `read` may throw while the store is away. */
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
