/**
 * The order in which threads get the processor. Acknowledging comes first: accepted events may wait to be landed, but a
 * shop's page waits for its answer. On Linux each thread has its own priority; elsewhere all threads of a process share
 * one, so no thread can yield to another and this does nothing.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** The system's id of this thread; null except on Linux. */
export function threadId(): number | null {
  // PID/task/TID.
  return process.platform === 'linux' ? Number(readlinkSync('/proc/thread-self').split('/')[2]) : null
}

/** From 1 (hardly less than others) to 19. A thread that yields still runs whenever a processor is free. */
export function yieldProcessor(niceness: number): void {
  const id = threadId()
  // Linux accepts a thread's id where others take a process's.
  if (id !== null) setPriority(id, niceness)
}

/** How often the threads are sampled, and the weight of earlier samples: the average spans some tenths of a second. */
const LOOK_MS = 100
const MEMORY = 0.75

/**
 * The threads are overloaded when together they have been busy for more than `BUSY_SHARE` over `BUSY_LOOKS` samples;
 * they lack a processor if they also waited for one for more than `WAITING_SHARE`. A burst with pauses does not count.
 * The shortage lasts until they are busy for less than `RELIEVED_SHARE`: with the other threads out of their way, they
 * may still have to wait.
 */
const BUSY_SHARE = 1.15
const BUSY_LOOKS = 10
const WAITING_SHARE = 0.2
const RELIEVED_SHARE = 1

/**
 * Watches whether the threads that accept requests (by their system ids) are overloaded for lack of a processor, and
 * writes it to `short` (1 or 0), where threads that should back off can see it. Returns a function that ends the watch.
 * The figures exist only on Linux; elsewhere `short` stays 0.
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

/** How long the threads have run and waited to run so far: the first two figures of each, in nanoseconds. */
function schedule(threadIds: number[]): { ranMs: number; waitedMs: number; at: number } {
  let [ranMs, waitedMs] = [0, 0]
  for (const id of threadIds) {
    const [ran, waited] = readFileSync(`/proc/self/task/${id}/schedstat`, 'utf8').split(' ')
    ranMs += Number(ran) / 1e6
    waitedMs += Number(waited) / 1e6
  }
  return { ranMs, waitedMs, at: performance.now() }
}
