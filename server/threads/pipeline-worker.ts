/**
 * The thread that lands and derives: composes the journal's reader, the store and the two stages, and runs them for
 * as long as the process lives. It is woken when something was appended or written; it also looks by itself, because
 * commands in other processes write too and because time alone changes memberships.
 */
import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { createClockWatch } from '../derive/clock-watch.ts'
import { createDeriver } from '../derive/derive.ts'
import { createRetention } from '../derive/remove-expired.ts'
import { createForgetting, type Rewritten } from '../erasure/forget.ts'
import { createRewrites, Ended } from '../erasure/rewrites.ts'
import { openJournalReader } from '../journal/journal.ts'
import { createDescribeAgent } from '../land/agent.ts'
import { landBatch } from '../land/land.ts'
import { type Notice, noticeText } from '../land/notice.ts'
import { createTurns } from '../land/turns.ts'
import { backOff } from '../ops/back-off.ts'
import { createSteadyClock } from '../ops/clock.ts'
import { flushFile } from '../ops/flush.ts'
import { createKeyring, memoized } from '../ops/keyring.ts'
import { type ErrorView, errorView } from '../ops/log.ts'
import type { Turn } from '../ops/metrics.ts'
import { yieldProcessor } from '../ops/priority.ts'
import { isPassing } from '../store/engine/transact.ts'
import { openMaintenance, openPipelineStore, openShare, type StoreAt, unflushedFile } from '../store/open.ts'
import type { DeriveStage } from '../store/schema/work.ts'
import { LostClaim } from '../store/work/ownership.ts'

type Stage = 'land' | 'derive' | 'share' | 'forget' | 'retain' | 'upkeep'

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
  | { kind: 'landed'; journalId: string; position: number; flushed: number; lagMs: number }
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

/** After an error it waits, longer each time, so that a lasting one does not fill the log. */
const AFTER_ERROR_MS = 250
const AFTER_ERRORS_MS = 2000

/** How often it renews its share of what is to be derived. */
const BEAT_MS = 2000

/** What landed is flushed to the disk this often, so that the journal may let go of it. */
const FLUSH_EVERY_MS = 2000

/** Where nothing is landed the journal still hears how far that is, so that it forgets in time. */
const RETELL_MS = 60_000

/** Landing takes what collecting leaves of the processor, and a tenth of it where that is nothing. */
const NICENESS = 10

yieldProcessor(NICENESS)
const { store, journalFile, secret, short } = workerData as PipelineData

/** Where other processes land too, none holds its locks for longer than it must. */
const landsAlone = store.databaseUrl === null
const db = openPipelineStore(store)
const unflushed = unflushedFile(store)
const journal = openJournalReader(journalFile)
const tombstone = memoized(createKeyring(secret).tombstone)
const describeAgent = createDescribeAgent()
const now = () => Date.now()

const steadyNow = createSteadyClock()

// Nobody else has this journal, so a process that is started again is the same one.
const share = openShare(store, journal.identity().journalId)
let turn = newTurn()
const deriver = createDeriver({
  db,
  ownership: share.ownership,
  tombstone,
  now,
  onDerived: (kind, keys) => {
    turn.derived[kind] += keys
  },
  onFailure: (what, error) => report({ kind: 'aside', what, error: errorView(error) }),
})
const clockWatch = createClockWatch({ db, now })
const retention = createRetention({ db, now })
const rewrites = createRewrites((journalId, rows) => report({ kind: 'rewrite', journalId, rows }))
const forgetting = createForgetting({
  db,
  journal,
  tombstone,
  now: () => performance.now(),
  at: now,
  rewrite: rewrites.rewrite,
})
const turns = createTurns({ now: () => performance.now(), interrupted: () => isShort() || stopping })
const maintenance = openMaintenance(store, () => performance.now())
const walBytes = () => (unflushed === null ? 0 : (statSync(unflushed, { throwIfNoEntry: false })?.size ?? 0))
/** What the journal was told last, and when. */
let told = { journalId: '', position: -1, flushed: -1, at: 0, flushedAt: Number.NEGATIVE_INFINITY }
/** The journal that was asked to take a new id. */
let renewing = ''
const report = (message: PipelineReport) => parentPort!.postMessage(message)
let stopping = false
let woken = false
let wake: () => void = () => {}
const failures: Record<Stage, number> = { land: 0, derive: 0, share: 0, forget: 0, retain: 0, upkeep: 0 }
const ending = new AbortController()

parentPort!.on('message', (request: PipelineRequest) => {
  if (request.kind === 'stop') {
    stopping = true
    ending.abort()
    rewrites.end()
  }
  if (request.kind === 'rewritten') rewrites.answered(request.error)
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
    const found = await work()
    failures[stage] = 0
    return found
  } catch (error) {
    if (error instanceof Ended) return false
    if (error instanceof LostClaim) {
      report({ kind: 'fenced', message: error.message })
      return true
    }
    report({ kind: 'error', stage, error: errorView(error), passing: isPassing(error) })
    await sleep(Math.min(AFTER_ERRORS_MS, AFTER_ERROR_MS * 2 ** failures[stage]++))
    return false
  }
}

/**
 * What cannot be taken out now is no reason not to land: the journal may be full until it knows what has landed. But at
 * the end the cursor must not move past it: the next start takes it out.
 */
async function removeErased(...what: Parameters<typeof forgetting.removeErased>): Promise<void> {
  const done = await attempt('forget', async () => {
    await forgetting.removeErased(...what)
    return true
  })
  if (!done && stopping) throw new Ended()
}

const isShort = () => Atomics.load(short, 0) === 1

/** Derives a round. */
async function deriveOnce(): Promise<boolean> {
  await clockWatch.look()
  return deriver.round()
}

/** Lands a batch and tells how far it is. Returns how many events it held, and how long the last had waited. */
async function landOnce(goOn: () => boolean): Promise<{ events: number; lagMs: number }> {
  const landing = { db, journal, describeAgent, tombstone, removeErased, now }
  const landed = await landBatch(landing, landsAlone ? goOn : undefined)
  const { journalId, position, events, at } = landed
  for (const notice of landed.notices) {
    // The journal takes its new id after a moment; that it is new then needs no word.
    if (notice.kind === 'new journal' ? renewing !== '' : renewing === journalId) continue
    if (notice.kind === 'foreign cursor') renewing = journalId
    report({ kind: 'notice', notice, text: noticeText(notice) })
  }
  turn.events += events
  if (renewing === journalId) {
    report({ kind: 'renew', journalId })
    return { events: 0, lagMs: 0 }
  }
  const time = steadyNow()
  const lagMs = at === null ? 0 : Math.max(0, time - at)
  const same = journalId === told.journalId && position >= told.flushed
  let { flushed, flushedAt } = same ? told : { flushed: -1, flushedAt: Number.NEGATIVE_INFINITY }
  if (flushed < position && time - flushedAt >= FLUSH_EVERY_MS) {
    if (unflushed !== null) flushFile(unflushed)
    flushed = position
    flushedAt = time
  }
  if (position !== told.position || flushed !== told.flushed || !same || time - told.at > RETELL_MS) {
    told = { journalId, position, flushed, at: time, flushedAt }
    report({ kind: 'landed', journalId, position, flushed, lagMs })
  }
  return { events, lagMs }
}

function newTurn(): Turn {
  return { landMs: null, events: 0, deriveMs: null, derived: { visitor: 0, person: 0, contact: 0 } }
}

/** Beside the stages, not between them: a long transaction must not cost the share of it. */
async function keepShare(): Promise<void> {
  while (!stopping) {
    await attempt('share', async () => {
      await share.beat()
      return true
    })
    if (!stopping) await sleep(BEAT_MS, undefined, { signal: ending.signal }).catch(() => {})
  }
}

const keeping = keepShare()
while (!stopping) {
  const oldestAt = () => journal.waiting(told.position).oldestAt
  await backOff({ isShort, isStopping: () => stopping, oldestAt, now: steadyNow })
  turn = newTurn()
  const began = performance.now()
  const landed = await attempt('land', () => turns.land(landOnce))
  const then = performance.now()
  // Whatever became of landing: a store that cannot be written to may still be read, and the other way round.
  const derived = await attempt('derive', () => turns.derive(deriveOnce))
  if (landed) turn.landMs = then - began
  if (derived) turn.deriveMs = performance.now() - then
  if (landed || derived) report({ kind: 'turn', turn })
  const forgot = await attempt('forget', () => forgetting.step(told.position))
  const retained = await attempt('retain', () => retention.step())
  const kept = await attempt(
    'upkeep',
    async () => maintenance?.step(walBytes, !(landed || derived || forgot || retained)) ?? false,
  )
  // Lets messages in between rounds, the wish to stop among them.
  if (landed || derived || forgot || retained || kept) await new Promise((resolve) => setImmediate(resolve))
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
parentPort!.close()
