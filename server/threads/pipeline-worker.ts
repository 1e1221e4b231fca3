/**
 * The pipeline thread, which lands and derives: composes the journal's reader, the store and the stages, and runs them
 * until the process stops. It is woken after an append or a write. It also wakes by itself, because commands in other
 * processes write too and because time alone changes memberships.
 */
import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { nanoid } from 'nanoid'
import { createClockWatch } from '../derive/clock-watch.ts'
import { createKeyMaking } from '../derive/contact-keys.ts'
import { createDeriver } from '../derive/derive.ts'
import { createRetention } from '../derive/remove-expired.ts'
import { createScores } from '../derive/scores.ts'
import { linkKeys } from '../domain/contact-keys.ts'
import { createQualityTally, type Tallied } from '../domain/quality-tally.ts'
import { createEndUsers } from '../erasure/end-users.ts'
import { createForgetting, type Rewritten } from '../erasure/forget.ts'
import { createSiteRemoval } from '../erasure/remove-site.ts'
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
import { createKeyring, linkMac, memoized, sha256Hex } from '../ops/keyring.ts'
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

/** The thread's start data, the messages to it, and the messages from it. */
export type PipelineData = {
  store: StoreAt
  journalFile: string
  secret: string
  /** 1 while the collector thread lacks a processor. */
  short: Int32Array
}
export type PipelineRequest = { kind: 'wake' } | { kind: 'stop' } | { kind: 'rewritten'; error: string | null }
export type PipelineReport =
  | ({ kind: 'landed' } & Progress)
  | { kind: 'notice'; notice: Notice; text: string }
  | { kind: 'renew'; journalId: string }
  /** Replacements for rows of the journal, without erased data; answered by `rewritten`. */
  | { kind: 'rewrite'; journalId: string; rows: Rewritten[] }
  | { kind: 'turn'; turn: Turn }
  | { kind: 'quality'; counted: Tallied }
  /** Another process has taken over a key that this one was deriving, so this one wrote nothing. */
  | { kind: 'fenced'; message: string }
  /** A visitor, person or contact failed to derive and became a dead letter. */
  | { kind: 'aside'; what: DeriveStage; error: ErrorView }
  /** `passing`: the store is unavailable or busy, and the work itself is fine. */
  | { kind: 'error'; stage: Stage; error: ErrorView; passing: boolean }

/** How often what could not be read is reported. */
const QUALITY_EVERY_MS = 500

/** How long the thread rests unless it is woken. */
const REST_MS = 250

/** Landing uses the processor time that collecting leaves, or a tenth if collecting needs all of it. */
const NICENESS = 10

yieldProcessor(NICENESS)
const port = parentPort
if (port === null) throw new Error('this file runs in a thread of its own')
const { store, journalFile, secret, short } = workerData as PipelineData
const report = (message: PipelineReport) => port.postMessage(message)

const db = openPipelineStore(store)
const journal = openJournalReader(journalFile)
const keyring = createKeyring(secret)
const tombstone = memoized(keyring.tombstone)
const wallNow = () => Date.now()
const now = () => performance.now()
const journalNow = createSteadyClock()
const unflushed = unflushedFile(store)
/** If other processes land too, a landing transaction stays short, because its locks hold them up. */
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
const endUsers = createEndUsers({ db, tombstone, newId: () => nanoid(22), now, at: wallNow })
const renewal = createRenewal({
  onNotice: (notice, text) => report({ kind: 'notice', notice, text }),
  renew: (journalId) => report({ kind: 'renew', journalId }),
})
const progress = createProgress({
  flush: () => unflushed !== null && flushFile(unflushed),
  report: (landed) => report({ kind: 'landed', ...landed }),
  now: journalNow,
})
const quality = createQualityTally()
const reportQuality = () => {
  const counted = quality.take()
  if (counted !== null) report({ kind: 'quality', counted })
}
setInterval(reportQuality, QUALITY_EVERY_MS).unref()
const landing: LandDeps = {
  db,
  journal,
  describeAgent: createDescribeAgent(),
  tombstone,
  unread: (noticed) => noticed.forEach(quality.note),
  // Landing continues after a failure, because a full journal accepts nothing until it learns what has landed. But while
  // the thread stops the cursor must not move past these rows, so that the next start removes them.
  removeErased: (...what) => within('forget', () => forgetting.removeErased(...what)),
  now: wallNow,
}
async function land(hasTime: () => boolean): Promise<{ events: number; lagMs: number }> {
  const landed = await landBatch(landing, landsAlone ? hasTime : undefined)
  turn.noteLanded(landed.events)
  if (renewal.note(landed)) return { events: 0, lagMs: 0 }
  return { events: landed.events, lagMs: progress.note(landed) }
}

// The share is named after the journal, which only this process has, so that it keeps its share over a restart.
const share = openShare(store, journal.identity().journalId)
const clockWatch = createClockWatch({ db, now: wallNow })
const deriver = createDeriver({
  db,
  ownership: share.ownership,
  tombstone,
  seal: keyring.seal,
  now: clockWatch.now,
  onDerived: (kind, keys) => turn.noteDerived(kind, keys),
  onFailure: (what, error) => report({ kind: 'aside', what, error: errorView(error) }),
})
async function derive(): Promise<boolean> {
  await clockWatch.check()
  return deriver.round()
}

const retention = createRetention({ db, now: wallNow })
const scores = createScores({ db, ownership: share.ownership, now: clockWatch.now })
const removal = createSiteRemoval({ db, tombstone, newId: () => nanoid(22), now, at: wallNow })
const macs = { identifier: keyring.identifier, linkMac, sha256Hex }
const makeKeys = createKeyMaking({ db, keysOf: (site, id) => linkKeys(macs, site, id), now })
const maintenance = openMaintenance(store, now)
const logBytes = () => (unflushed === null ? 0 : (statSync(unflushed, { throwIfNoEntry: false })?.size ?? 0))
const turns = createTurns({ now, interrupted: () => isShort() || isStopping() })
const turn = createTurn({
  attempt,
  stages: {
    land: () => turns.land(land),
    derive: () => turns.derive(derive),
    forget: async () => {
      const ended = await endUsers()
      return (await forgetting.step(progress.position())) || ended
    },
    retain: async () => (await removal.step()) || (await makeKeys()) || (await scores.step()) || retention.step(),
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
  // Messages are received between turns, the request to stop among them.
  if (await turn.run()) await new Promise((resolve) => setImmediate(resolve))
  else await rest(REST_MS)
}
await keeping
await attempt('share', async () => {
  await share.close()
  return true
})
reportQuality()
journal.close()
maintenance?.close()
await db.destroy()
// Without a listening port the thread ends.
port.close()
