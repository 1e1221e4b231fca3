/**
 * The thread that lands and derives: composes the journal's reader, the store and the stages, and runs them for as long
 * as the process lives. It is woken when something was appended or written; it also looks by itself, because commands in
 * other processes write too and because time alone changes memberships.
 */
import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { createClockWatch } from '../derive/clock-watch.ts'
import { createDeriver } from '../derive/derive.ts'
import { createRetention } from '../derive/remove-expired.ts'
import { createForgetting, type Rewritten } from '../erasure/forget.ts'
import { createRewrites } from '../erasure/rewrites.ts'
import { openJournalReader } from '../journal/journal.ts'
import { createDescribeAgent } from '../land/agent.ts'
import { type LandDeps, landBatch } from '../land/land.ts'
import type { Notice } from '../land/notice.ts'
import { createProgress, type Progress } from '../land/progress.ts'
import { createRenewal } from '../land/renewal.ts'
import { createTurns } from '../land/turns.ts'
import { backOff } from '../ops/back-off.ts'
import { createSteadyClock } from '../ops/clock.ts'
import { flushFile } from '../ops/flush.ts'
import { createKeyring, memoized } from '../ops/keyring.ts'
import { type ErrorView, errorView } from '../ops/log.ts'
import type { Turn } from '../ops/metrics.ts'
import { yieldProcessor } from '../ops/priority.ts'
import { createRest } from '../ops/rest.ts'
import { isPassing } from '../store/engine/transact.ts'
import { openMaintenance, openPipelineStore, openShare, type StoreAt, unflushedFile } from '../store/open.ts'
import type { DeriveStage } from '../store/schema/work.ts'
import { createAttempts, type Stage } from './attempts.ts'
import { keepShare } from './share-beat.ts'
import { createTurn } from './turn.ts'

/** What the thread is started with, what it is told, and what it tells. */
export type PipelineData = {
  store: StoreAt
  journalFile: string
  secret: string
  /** 1 while the thread that collects lacks a processor. */
  short: Int32Array
}
export type PipelineRequest = { kind: 'wake' } | { kind: 'stop' } | { kind: 'rewritten'; error: string | null }
export type PipelineReport =
  | ({ kind: 'landed' } & Progress)
  | { kind: 'notice'; notice: Notice; text: string }
  | { kind: 'renew'; journalId: string }
  /** Rows of the journal as they are to be, without somebody who was erased; answered by `rewritten`. */
  | { kind: 'rewrite'; journalId: string; rows: Rewritten[] }
  | { kind: 'turn'; turn: Turn }
  /** Another process has taken over what this one was deriving; it wrote nothing. */
  | { kind: 'fenced'; message: string }
  /** One visitor, person or contact could not be derived and was set aside. */
  | { kind: 'aside'; what: DeriveStage; error: ErrorView }
  /** `passing`: the store is away or busy, and nothing is wrong with what is to be done. */
  | { kind: 'error'; stage: Stage; error: ErrorView; passing: boolean }

/** How long it rests when nobody wakes it. */
const REST_MS = 250

/** Landing takes what collecting leaves of the processor, and a tenth of it where that is nothing. */
const NICENESS = 10

yieldProcessor(NICENESS)
const port = parentPort
if (port === null) throw new Error('this file runs in a thread of its own')
const { store, journalFile, secret, short } = workerData as PipelineData
const report = (message: PipelineReport) => port.postMessage(message)

const db = openPipelineStore(store)
const journal = openJournalReader(journalFile)
const tombstone = memoized(createKeyring(secret).tombstone)
const wallNow = () => Date.now()
const now = () => performance.now()
const journalNow = createSteadyClock()
const unflushed = unflushedFile(store)
/** Where other processes land too, none holds its locks for longer than it must. */
const landsAlone = store.databaseUrl === null
const isShort = () => Atomics.load(short, 0) === 1

const stopping = new AbortController()
const isStopping = () => stopping.signal.aborted
const sleepUnlessStopping = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => {})
const { rest, wake } = createRest()
const { attempt, within } = createAttempts({
  onError: (stage, error) => report({ kind: 'error', stage, error: errorView(error), passing: isPassing(error) }),
  onFenced: (message) => report({ kind: 'fenced', message }),
  isStopping,
  sleep,
})

const rewrites = createRewrites((journalId, rows) => report({ kind: 'rewrite', journalId, rows }))
const forgetting = createForgetting({ db, journal, tombstone, now, at: wallNow, rewrite: rewrites.rewrite })
const renewal = createRenewal({
  onNotice: (notice, text) => report({ kind: 'notice', notice, text }),
  renew: (journalId) => report({ kind: 'renew', journalId }),
})
const progress = createProgress({
  flush: () => unflushed !== null && flushFile(unflushed),
  report: (landed) => report({ kind: 'landed', ...landed }),
  now: journalNow,
})
const landing: LandDeps = {
  db,
  journal,
  describeAgent: createDescribeAgent(),
  tombstone,
  // A failure is no reason not to land: the journal may be full until it knows what has landed. But at the end the
  // cursor must not move past it: the next start takes it out.
  removeErased: (...what) => within('forget', () => forgetting.removeErased(...what)),
  now: wallNow,
}
async function land(goOn: () => boolean): Promise<{ events: number; lagMs: number }> {
  const landed = await landBatch(landing, landsAlone ? goOn : undefined)
  turn.noteLanded(landed.events)
  if (renewal.note(landed)) return { events: 0, lagMs: 0 }
  return { events: landed.events, lagMs: progress.note(landed) }
}

// Nobody else has this journal, so a process that is started again is the same one.
const share = openShare(store, journal.identity().journalId)
const deriver = createDeriver({
  db,
  ownership: share.ownership,
  tombstone,
  now: wallNow,
  onDerived: (kind, keys) => turn.noteDerived(kind, keys),
  onFailure: (what, error) => report({ kind: 'aside', what, error: errorView(error) }),
})
const clockWatch = createClockWatch({ db, now: wallNow })
async function derive(): Promise<boolean> {
  await clockWatch.look()
  return deriver.round()
}

const retention = createRetention({ db, now: wallNow })
const maintenance = openMaintenance(store, now)
const logBytes = () => (unflushed === null ? 0 : (statSync(unflushed, { throwIfNoEntry: false })?.size ?? 0))
const turns = createTurns({ now, interrupted: () => isShort() || isStopping() })
const turn = createTurn({
  attempt,
  stages: {
    land: () => turns.land(land),
    derive: () => turns.derive(derive),
    forget: () => forgetting.step(progress.position()),
    retain: () => retention.step(),
    maintain: async (idle) => maintenance?.step(logBytes, idle) ?? false,
  },
  now,
  onTurn: (done) => report({ kind: 'turn', turn: done }),
})

port.on('message', (request: PipelineRequest) => {
  if (request.kind === 'stop') {
    stopping.abort()
    rewrites.end()
  }
  if (request.kind === 'rewritten') rewrites.answered(request.error)
  wake()
})

const keeping = keepShare({ beat: share.beat, attempt, isStopping, sleep: sleepUnlessStopping })
const oldestAt = () => journal.waiting(progress.position()).oldestAt
while (!isStopping()) {
  await backOff({ isShort, isStopping, oldestAt, now: journalNow })
  // Lets messages in between turns, the wish to stop among them.
  if (await turn.run()) await new Promise((resolve) => setImmediate(resolve))
  else await rest(REST_MS)
}
await keeping
await attempt('share', async () => {
  await share.close()
  return true
})
journal.close()
maintenance?.close()
await db.destroy()
// Nothing more is listened for, which ends the thread.
port.close()
