/**
 * The order in which threads get the processor. Acknowledging must go first: what was accepted may wait to be landed,
 * but a shop's page waits for its answer. On Linux each thread has a priority of its own; elsewhere a process has one
 * for all of its threads, so that nothing can be yielded to the others and this does nothing.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** From 1 (hardly less than others) to 19. A thread that yields still runs whenever a processor is free. */
export function yieldProcessor(niceness: number): void {
  if (process.platform !== 'linux') return
  // PID/task/TID; Linux takes the thread's id where others take a process's.
  setPriority(Number(readlinkSync('/proc/thread-self').split('/')[2]), niceness)
}

/** How often it is looked how long the thread has waited. */
const LOOK_MS = 100

/**
 * A thread that has waited for more than the first share of the last two seconds or so lacks a processor: a burst that
 * is over sooner needs nobody to give way. It does not lack one any more when between two looks it waited for less than
 * the second share; where others gave way, it still waits for some time.
 */
const SHORT_SHARE = 0.3
const ENOUGH_SHARE = 0.04
const MEMORY = 0.94

/**
 * Watches whether the main thread has to wait for a processor while it has work, and notes it in `short` (1 or 0), which
 * threads that should give way can see. Returns what ends the watch. Elsewhere than on Linux nobody tells, and it is 0.
 */
export function watchProcessor(short: Int32Array): () => void {
  if (process.platform !== 'linux') return () => {}
  // The second figure: how many nanoseconds it waited to run.
  const waitedMs = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6
  let last = { waitedMs: waitedMs(), at: performance.now() }
  let share = 0
  const looking = setInterval(() => {
    const next = { waitedMs: waitedMs(), at: performance.now() }
    const now = (next.waitedMs - last.waitedMs) / (next.at - last.at)
    last = next
    share = MEMORY * share + (1 - MEMORY) * now
    if (share > SHORT_SHARE) Atomics.store(short, 0, 1)
    if (now > ENOUGH_SHARE) return
    share = 0
    Atomics.store(short, 0, 0)
  }, LOOK_MS)
  return () => clearInterval(looking)
}
