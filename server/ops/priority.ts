/**
 * The order in which threads get the processor. Acknowledging must go first: what was accepted may wait to be landed,
 * but a shop's page waits for its answer. On Linux each thread has a priority of its own; elsewhere a process has one
 * for all of its threads, so that nothing can be yielded to the others and this does nothing.
 */
import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** From 1 (hardly less than others) to 19. A thread that yields still runs whenever a processor is free. */
export function yieldProcessor(niceness: number): void {
  if (process.platform !== 'linux') return
  // PID/task/TID; Linux takes the thread's id where others take a process's.
  setPriority(Number(readlinkSync('/proc/thread-self').split('/')[2]), niceness)
}
