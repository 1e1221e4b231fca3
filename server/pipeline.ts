/**
 * The thread that lands and derives: composes the journal's reader, the store and the two stages, and runs them for
 * as long as the process lives. It is woken when something was appended or written; it also looks by itself, because
 * commands in other processes write too and because time alone changes memberships.
 */
import { statSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { createDeriver } from './derive/derive.ts'
import { createRetention } from './derive/retain.ts'
import { openJournalReader } from './journal/journal.ts'
import { createDescribeAgent } from './land/agent.ts'
import { landBatch } from './land/land.ts'
import { createKeyring } from './ops/keyring.ts'
import { type ErrorView, errorView } from './ops/log.ts'
import type { Turn } from './ops/metrics.ts'
import { ownsEverything } from './store/ownership.ts'
import type { DeriveStage } from './store/schema.ts'
import { createSqliteStore } from './store/sqlite.ts'
import { createSqliteUpkeep } from './store/sqlite-upkeep.ts'

type Stage = 'land' | 'derive' | 'retain' | 'upkeep'

/** What the thread is started with, what it is told, and what it tells. */
export type PipelineData = { storeFile: string; journalFile: string; secret: string }
export type PipelineRequest = { kind: 'wake' } | { kind: 'stop' }
export type PipelineReport =
  | { kind: 'landed'; position: number; lagMs: number }
  | { kind: 'turn'; turn: Turn }
  /** A failure of a round; `aside`: of one visitor, person or contact, which was set aside. */
  | { kind: 'error'; stage: Stage; aside: DeriveStage | null; error: ErrorView }

/** How long it rests when nobody wakes it. */
const REST_MS = 250

/** After an error it waits this long, so that a lasting one does not fill the log. */
const AFTER_ERROR_MS = 1000

const { storeFile, journalFile, secret } = workerData as PipelineData
const db = createSqliteStore(storeFile)
const journal = openJournalReader(journalFile)
const keyring = createKeyring(secret)
const describeAgent = createDescribeAgent()
const now = () => Date.now()

let lastPosition = -1

let turn = newTurn()
const deriver = createDeriver({
  db,
  ownership: ownsEverything,
  tombstone: keyring.tombstone,
  now,
  onDerived: (kind, keys) => {
    turn.derived[kind] += keys
  },
  onFailure: (aside, error) => report({ kind: 'error', stage: 'derive', aside, error: errorView(error) }),
})
const upkeep = createSqliteUpkeep(storeFile, () => performance.now())
const walBytes = () => statSync(`${storeFile}-wal`, { throwIfNoEntry: false })?.size ?? 0
const retention = createRetention({ db, now })
const report = (message: PipelineReport) => parentPort!.postMessage(message)
let stopping = false
let woken = false
let wake: () => void = () => {}

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
async function attempt(stage: Stage, work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work()
  } catch (error) {
    report({ kind: 'error', stage, aside: null, error: errorView(error) })
    await new Promise((resolve) => setTimeout(resolve, AFTER_ERROR_MS))
    return false
  }
}

async function land(): Promise<boolean> {
  const { journalId, read } = journal
  const landed = await landBatch({ db, journalId, read, describeAgent, tombstone: keyring.tombstone, now })
  if (landed.events > 0 || landed.position !== lastPosition) {
    lastPosition = landed.position
    report({ kind: 'landed', position: landed.position, lagMs: landed.lagMs })
  }
  turn.events = landed.events
  return landed.events > 0
}

function newTurn(): Turn {
  return { landMs: null, events: 0, deriveMs: null, derived: { visitor: 0, person: 0, contact: 0 } }
}

while (!stopping) {
  turn = newTurn()
  const began = performance.now()
  const landed = await attempt('land', land)
  const then = performance.now()
  const derived = await attempt('derive', () => deriver.round())
  if (landed) turn.landMs = then - began
  if (derived) turn.deriveMs = performance.now() - then
  if (landed || derived) report({ kind: 'turn', turn })
  const retained = await attempt('retain', () => retention.step())
  const kept = await attempt('upkeep', async () => upkeep.step(walBytes, !(landed || derived || retained)))
  // Lets messages in between rounds, the wish to stop among them.
  if (landed || derived || retained || kept) await new Promise((resolve) => setImmediate(resolve))
  else await rest(REST_MS)
}
journal.close()
upkeep.close()
await db.destroy()
// Nothing more is listened for, which ends the thread.
parentPort!.close()
