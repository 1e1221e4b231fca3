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

/** How often it is looked, and how much of what was seen before still counts: some tenths of a second. */
const LOOK_MS = 100
const MEMORY = 0.75

/**
 * A thread is overloaded when for a time it had work for more than the first share of it; if it waited for a processor
 * for more than the second, that is what it lacks. A burst that leaves it a breath in between is none. It lacks it
 * until it has work for less than the third: with the others out of its way it may still have to wait.
 */
const BUSY_SHARE = 0.82
const BUSY_LOOKS = 10
const WAITING_SHARE = 0.1
const RELIEVED_SHARE = 0.8

/**
 * Watches whether the main thread is overloaded for want of a processor, and notes it in `short` (1 or 0), which threads
 * that should give way can see. Returns what ends the watch. Elsewhere than on Linux nobody tells, and it is 0.
 */
export function watchProcessor(short: Int32Array): () => void {
  if (process.platform !== 'linux') return () => {}
  let last = schedule()
  let busy = 0
  let waiting = 0
  let looks = 0
  const looking = setInterval(() => {
    const next = schedule()
    const ms = next.at - last.at
    busy = MEMORY * busy + ((1 - MEMORY) * (next.ranMs + next.waitedMs - last.ranMs - last.waitedMs)) / ms
    waiting = MEMORY * waiting + ((1 - MEMORY) * (next.waitedMs - last.waitedMs)) / ms
    last = next
    looks = busy > BUSY_SHARE ? looks + 1 : 0
    if (looks > BUSY_LOOKS && waiting > WAITING_SHARE) Atomics.store(short, 0, 1)
    else if (busy < RELIEVED_SHARE) Atomics.store(short, 0, 0)
  }, LOOK_MS)
  return () => clearInterval(looking)
}

/** How long the main thread has run and has waited to run so far: its first two figures, in nanoseconds. */
function schedule(): { ranMs: number; waitedMs: number; at: number } {
  const [ran, waited] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')
  return { ranMs: Number(ran) / 1e6, waitedMs: Number(waited) / 1e6, at: performance.now() }
}
