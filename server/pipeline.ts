/**
 * The thread that lands and derives: composes the journal's reader, the store and the two stages, and runs them for
 * as long as the process lives. It is woken when something was appended or written; it also looks by itself, because
 * commands in other processes write too and because time alone changes memberships.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { createClockWatch } from './derive/clock-watch.ts'
import { createDeriver } from './derive/derive.ts'
import { defaultSettings, type Site } from './domain/settings.ts'
import { openJournalReader } from './journal/journal.ts'
import { createDescribeAgent } from './land/agent.ts'
import { landBatch } from './land/land.ts'
import { type Notice, noticeText } from './land/notice.ts'
import { createSteadyClock } from './ops/clock.ts'
import { flushFile } from './ops/flush.ts'
import { createKeyring } from './ops/keyring.ts'
import { configVersion, readConfig } from './store/sites.ts'
import { createSqliteStore } from './store/sqlite.ts'

/** What the thread is started with, what it is told, and what it tells. */
export type PipelineData = { storeFile: string; journalFile: string; secret: string }
export type PipelineRequest = { kind: 'wake' } | { kind: 'stop' }
export type PipelineReport =
  | { kind: 'landed'; journalId: string; position: number; flushed: number; lagMs: number }
  | { kind: 'notice'; notice: Notice; text: string }
  | { kind: 'renew'; journalId: string }
  | { kind: 'error'; stage: 'land' | 'derive'; message: string }

/** How long it rests when nobody wakes it. */
const REST_MS = 250

/** After an error it waits this long, so that a lasting one does not fill the log. */
const AFTER_ERROR_MS = 1000

/** What landed is flushed to the disk this often, so that the journal may let go of it. */
const FLUSH_EVERY_MS = 2000

/** Where nothing is landed the journal still hears how far that is, so that it forgets in time. */
const RETELL_MS = 60_000

const { storeFile, journalFile, secret } = workerData as PipelineData
const db = createSqliteStore(storeFile)
const journal = openJournalReader(journalFile)
const keyring = createKeyring(secret)
const describeAgent = createDescribeAgent()
const now = () => Date.now()

const steadyNow = createSteadyClock()

/** What the journal was told last, and when. */
let told = { journalId: '', position: -1, flushed: -1, at: 0, flushedAt: Number.NEGATIVE_INFINITY }
/** The journal that was asked to take a new id. */
let renewing = ''
let version = -1
let sites = new Map<string, Site>()
const site = (id: string): Site =>
  sites.get(id) ?? {
    id,
    origins: [],
    write_key: '',
    identity_secret: '',
    link_secret: '',
    settings: defaultSettings(),
  }
async function refreshSites(): Promise<void> {
  if ((await configVersion(db)) === version) return
  const config = await readConfig(db)
  version = config.version
  sites = new Map(config.sites.map((each) => [each.id, each]))
}

const deriver = createDeriver({ db, site, now })
const clockWatch = createClockWatch({ db, now })
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
async function attempt(stage: 'land' | 'derive', work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work()
  } catch (error) {
    report({ kind: 'error', stage, message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    await new Promise((resolve) => setTimeout(resolve, AFTER_ERROR_MS))
    return false
  }
}

async function land(): Promise<boolean> {
  const landed = await landBatch({ db, journal, describeAgent, tombstone: keyring.tombstone, now })
  const { journalId, position, events, at } = landed
  for (const notice of landed.notices) {
    // The journal takes its new id after a moment; that it is new then needs no word.
    if (notice.kind === 'new journal' ? renewing !== '' : renewing === journalId) continue
    if (notice.kind === 'foreign cursor') renewing = journalId
    report({ kind: 'notice', notice, text: noticeText(notice) })
  }
  if (renewing === journalId) {
    report({ kind: 'renew', journalId })
    return false
  }
  const time = steadyNow()
  const same = journalId === told.journalId && position >= told.flushed
  let { flushed, flushedAt } = same ? told : { flushed: -1, flushedAt: Number.NEGATIVE_INFINITY }
  if (flushed < position && time - flushedAt >= FLUSH_EVERY_MS) {
    flushFile(`${storeFile}-wal`)
    flushed = position
    flushedAt = time
  }
  if (position !== told.position || flushed !== told.flushed || !same || time - told.at > RETELL_MS) {
    told = { journalId, position, flushed, at: time, flushedAt }
    report({ kind: 'landed', journalId, position, flushed, lagMs: at === null ? 0 : Math.max(0, time - at) })
  }
  return events > 0
}

while (!stopping) {
  const landed = await attempt('land', land)
  const derived = await attempt('derive', async () => {
    await refreshSites()
    await clockWatch.look()
    return deriver.round()
  })
  // Lets messages in between rounds, the wish to stop among them.
  if (landed || derived) await new Promise((resolve) => setImmediate(resolve))
  else await rest(REST_MS)
}
journal.close()
await db.destroy()
// Nothing more is listened for, which ends the thread.
parentPort!.close()
