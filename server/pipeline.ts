/**
 * The thread that lands and derives: composes the journal's reader, the store and the two stages, and runs them for
 * as long as the process lives. It is woken when something was appended or written; it also looks by itself, because
 * commands in other processes write too and because time alone changes memberships.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { createDeriver } from './derive/derive.ts'
import { openJournalReader } from './journal/journal.ts'
import { createDescribeAgent } from './land/agent.ts'
import { landBatch } from './land/land.ts'
import { createTurns } from './land/turns.ts'
import { createKeyring, remembering } from './ops/keyring.ts'
import { openPipelineStore, openShare, type StoreAt } from './store/open.ts'
import { LostClaim } from './store/ownership.ts'
import { isPassing } from './store/transact.ts'

/** What the thread is started with, what it is told, and what it tells. */
export type PipelineData = { store: StoreAt; journalFile: string; secret: string }
export type PipelineRequest = { kind: 'wake' } | { kind: 'stop' }
export type PipelineReport =
  | { kind: 'landed'; position: number; lagMs: number }
  /** Another process has taken over what this one was deriving; it wrote nothing. */
  | { kind: 'fenced'; message: string }
  /** `passing`: the store is away or busy, and nothing is wrong with what is to be done. */
  | { kind: 'error'; stage: 'land' | 'derive' | 'share'; message: string; passing: boolean }

/** How long it rests when nobody wakes it. */
const REST_MS = 250

/** After an error it waits, longer each time, so that a lasting one does not fill the log. */
const AFTER_ERROR_MS = 250
const AFTER_ERRORS_MS = 2000

/** How often it renews its share of what is to be derived. */
const BEAT_MS = 2000

const { store, journalFile, secret } = workerData as PipelineData
const db = openPipelineStore(store)
const journal = openJournalReader(journalFile)
const tombstone = remembering(createKeyring(secret).tombstone)
const describeAgent = createDescribeAgent()
const now = () => Date.now()
// Nobody else has this journal, so a process that is started again is the same one.
const share = openShare(store, journal.journalId)
const deriver = createDeriver({ db, ownership: share.ownership, tombstone, now })
const turns = createTurns()
const report = (message: PipelineReport) => parentPort!.postMessage(message)
let lastPosition = -1
let stopping = false
let woken = false
let deriving = true
let wake: () => void = () => {}
const failures = { land: 0, derive: 0, share: 0 }

parentPort!.on('message', (request: PipelineRequest) => {
  if (request.kind === 'stop') stopping = true
  woken = true
  wake()
})

/** Waits for a wake-up call, or `ms`; not at all if the call came while it was at work. */
async function rest(ms: number): Promise<void> {
  if (!woken) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
  woken = false
}

/** Runs a stage. A failure is told and makes the loop pause; what was not done is still to be found next time. */
async function attempt(stage: keyof typeof failures, work: () => Promise<boolean>): Promise<boolean> {
  try {
    const found = await work()
    failures[stage] = 0
    return found
  } catch (error) {
    if (error instanceof LostClaim) {
      report({ kind: 'fenced', message: error.message })
      return true
    }
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    report({ kind: 'error', stage, message, passing: isPassing(error) })
    await sleep(Math.min(AFTER_ERRORS_MS, AFTER_ERROR_MS * 2 ** failures[stage]++))
    return false
  }
}

async function land(): Promise<boolean> {
  // Whatever becomes of it: a store that cannot be written to may still be read, and the other way round.
  deriving = true
  const { journalId, read } = journal
  const landed = await landBatch({ db, journalId, read, describeAgent, tombstone, now })
  if (landed.events > 0 || landed.position !== lastPosition) {
    lastPosition = landed.position
    report({ kind: 'landed', position: landed.position, lagMs: landed.lagMs })
  }
  deriving = turns.derives(landed)
  return landed.events > 0
}

/** Beside the stages, not between them: a long transaction must not cost the share of it. */
async function keepShare(): Promise<void> {
  while (!stopping) {
    await attempt('share', async () => {
      await share.beat()
      return true
    })
    if (!stopping) await sleep(BEAT_MS)
  }
}

const keeping = keepShare()
while (!stopping) {
  const landed = await attempt('land', land)
  const derived = deriving && (await attempt('derive', () => deriver.round()))
  // Lets messages in between rounds, the wish to stop among them.
  if (landed || derived) await new Promise((resolve) => setImmediate(resolve))
  else await rest(REST_MS)
}
await keeping
await attempt('share', async () => {
  await share.close()
  return true
})
journal.close()
await db.destroy()
// Nothing more is listened for, which ends the thread.
parentPort!.close()
