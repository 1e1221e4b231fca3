/**
 * The order in which threads get the processor. Acknowledging must go first: what was accepted may wait to be landed,
 * but a shop's page waits for its answer. On Linux each thread has a priority of its own; elsewhere a process has one
 * for all of its threads, so that nothing can be yielded to the others and this does nothing.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** The system's id of this thread; null but on Linux. */
export function threadId(): number | null {
  // PID/task/TID.
  return process.platform === 'linux' ? Number(readlinkSync('/proc/thread-self').split('/')[2]) : null
}

/** From 1 (hardly less than others) to 19. A thread that yields still runs whenever a processor is free. */
export function yieldProcessor(niceness: number): void {
  const id = threadId()
  // Linux takes a thread's id where others take a process's.
  if (id !== null) setPriority(id, niceness)
}

/** How often it is looked, and how much of what was seen before still counts: some tenths of a second. */
const LOOK_MS = 100
const MEMORY = 0.75

/**
 * Threads are overloaded when for a time they had work, all together, for more than the first share of it; if they
 * waited for a processor for more than the second, that is what they lack. A burst that leaves them a breath in between
 * is none. They lack it until they have work for less than the third: with the others out of their way they may still
 * have to wait.
 */
const BUSY_SHARE = 1.15
const BUSY_LOOKS = 10
const WAITING_SHARE = 0.2
const RELIEVED_SHARE = 1

/**
 * Watches whether the threads that take requests in (by the system's ids) are overloaded for want of a processor, and
 * notes it in `short` (1 or 0), which threads that should give way can see. Returns what ends the watch. Elsewhere than
 * on Linux nobody tells, and it is 0.
 */
export function watchProcessor(threadIds: number[], short: Int32Array): () => void {
  if (process.platform !== 'linux') return () => {}
  let last = schedule(threadIds)
  let busy = 0
  let waiting = 0
  let looks = 0
  const looking = setInterval(() => {
    const next = schedule(threadIds)
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

/** How long threads have run and have waited to run so far: the first two figures of each, in nanoseconds. */
function schedule(threadIds: number[]): { ranMs: number; waitedMs: number; at: number } {
  let [ranMs, waitedMs] = [0, 0]
  for (const id of threadIds) {
    const [ran, waited] = readFileSync(`/proc/self/task/${id}/schedstat`, 'utf8').split(' ')
    ranMs += Number(ran) / 1e6
    waitedMs += Number(waited) / 1e6
  }
  return { ranMs, waitedMs, at: performance.now() }
}
