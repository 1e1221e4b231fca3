/**
 * Preloaded by a test (`node --import`): the thread started with `DIES_WITH` among its data dies once `DIE_FILE`
 * exists, as from an uncaught error. Threads of the process inherit it.
 */
import { existsSync } from 'node:fs'
import { isMainThread, workerData } from 'node:worker_threads'

/** It is looked for this often. */
const LOOK_EVERY_MS = 20

if (!isMainThread && workerData !== null && process.env.DIES_WITH! in workerData) {
  setInterval(() => {
    if (existsSync(process.env.DIE_FILE!)) throw new Error('an uncaught defect')
  }, LOOK_EVERY_MS)
}
