/**
 * The collector thread: checks public requests, appends the accepted events to the journal, which it owns, and replies
 * once they are on disk. So the thread that serves HTTP only reads and writes sockets, and no flush blocks it. The
 * collector needs no store: it is sent the sites and keys.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { nanoid } from 'nanoid'
import { journalUnavailable } from '../collect/accept.ts'
import { createDirectory, type Snapshot } from '../collect/configuration.ts'
import { collectEvents, type EventsDeps } from '../collect/events.ts'
import { createGrowth } from '../collect/growth.ts'
import { collectSegment } from '../collect/segment-api.ts'
import { createSequence } from '../collect/sequence.ts'
import { createQualityTally, type Tallied } from '../domain/quality-tally.ts'
import { type JournalState, type Rewritten, startJournal } from '../journal/group-commit.ts'
import { isLoopback } from '../ops/address.ts'
import { createSteadyClock } from '../ops/clock.ts'
import { createKeyUse } from '../ops/key-use.ts'
import { createKeyring, hashSecret, memoized, sha256Hex } from '../ops/keyring.ts'
import { readLink } from '../ops/link-reader.ts'
import { threadId } from '../ops/priority.ts'
import { createAnswers } from './answers.ts'
import { type PackedAnswer, type PackedRequest, unpackRequest } from './packed.ts'
import { createQuestions } from './questions.ts'
import { createRecent } from './recent.ts'

/** The thread's start data. `secure`: browsers reach the collector over https. */
export type CollectorData = {
  journal: { file: string; maxBytes: number; maxAgeMs: number; keepLandedMs: number }
  secret: string
  secure: boolean
}

/** Messages to the thread. */
export type CollectorRequest =
  | { kind: 'deliveries'; list: PackedRequest[] }
  | { kind: 'use'; snapshot: Snapshot }
  /** The reply to `missed`: the store was read, and any change was sent by `use`. */
  | { kind: 'looked'; ask: number }
  /** The reply to `known`. */
  | { kind: 'known'; ask: number; isKnown: boolean }
  | { kind: 'landed'; journalId: string; position: number; flushed: number }
  | { kind: 'renew'; journalId: string }
  | { kind: 'rewrite'; journalId: string; rows: Rewritten[]; ask: number }
  | { kind: 'state'; ask: number }
  | { kind: 'close' }

/** Messages from the thread. */
export type CollectorReply =
  | { kind: 'opened'; threadId: number | null }
  | { kind: 'answers'; list: PackedAnswer[]; counts: Map<string, number> }
  | { kind: 'failed'; job: number; error: Error }
  /** A site or a key is unknown to the thread; answered by `looked`. */
  | { kind: 'missed'; ask: number }
  /** Whether the store knows a visitor; answered by `known`. */
  | { kind: 'known'; ask: number; visitor: string }
  | { kind: 'rewritten'; ask: number; error: string | null }
  | { kind: 'state'; ask: number; state: JournalState }
  | { kind: 'maintenance-failed'; message: string }
  | { kind: 'key-used'; key: string }
  | { kind: 'quality'; counted: Tallied }

/** How often what could not be read is reported. */
const QUALITY_EVERY_MS = 500

const port = parentPort
if (port === null) throw new Error('this file runs in a thread of its own')
const { journal: journalOptions, secret, secure } = workerData as CollectorData
const keyring = createKeyring(secret)
const post = (reply: CollectorReply) => port.postMessage(reply)

const questions = createQuestions()
const directory = createDirectory(() =>
  questions.ask<void>(
    (ask) => post({ kind: 'missed', ask }),
    () => {},
  ),
)

/** Visitors whose entries may not have landed yet; enough for the new ones of some minutes. */
const recent = createRecent(20_000)

const journal = startJournal({
  ...journalOptions,
  now: createSteadyClock(),
  onMaintenanceFailed: (message) => post({ kind: 'maintenance-failed', message }),
})

const { answer, fail, count } = createAnswers({
  send: (list, counts) => post({ kind: 'answers', list, counts }),
  onFailed: (job, error) => post({ kind: 'failed', job, error }),
})

const quality = createQualityTally()
const reportQuality = () => {
  const counted = quality.take()
  if (counted !== null) post({ kind: 'quality', counted })
}
setInterval(reportQuality, QUALITY_EVERY_MS).unref()

const deps: EventsDeps = {
  configuration: directory,
  hashKey: hashSecret,
  keyUsed: createKeyUse(Date.now, (key) => post({ kind: 'key-used', key })),
  cookieMac: keyring.cookieMac,
  hashVisitor: keyring.visitor,
  isKnown: async (visitor) =>
    recent.has(visitor) ||
    questions.ask<boolean>(
      (ask) => post({ kind: 'known', ask, visitor }),
      () => true,
    ),
  secure,
  newId: () => nanoid(22),
  growth: createGrowth(isLoopback),
  sequence: createSequence(),
  quality,
  tombstone: memoized(keyring.tombstone),
  identifier: keyring.identifier,
  tokenHash: keyring.token,
  sha256: sha256Hex,
  readLink,
  count,
}

function collect(packed: PackedRequest): void {
  const [job, endpoint] = packed
  const request = unpackRequest(packed)
  const checking = endpoint === 'events' ? collectEvents(request, deps) : collectSegment(request, endpoint, deps)
  checking
    .then((checked) => {
      if (checked.entries.length === 0) return answer(job, checked.answer)
      const texts = checked.entries.map((entry) => JSON.stringify(entry))
      for (const entry of checked.entries) recent.add(entry.visitor)
      const events = checked.entries.reduce((sum, entry) => sum + entry.events.length, 0)
      journal.append(texts, events, (refused) => {
        if (refused !== null) return fail(job, journalUnavailable(refused))
        count('accepted', events)
        answer(job, checked.answer)
      })
    })
    .catch((error: unknown) => fail(job, error))
}

port.on('message', (request: CollectorRequest) => {
  switch (request.kind) {
    case 'deliveries':
      for (const each of request.list) collect(each)
      return
    case 'use':
      return directory.use(request.snapshot)
    case 'looked':
      return questions.answer(request.ask, undefined)
    case 'known':
      return questions.answer(request.ask, request.isKnown)
    case 'landed':
      return journal.landed(request.journalId, request.position, request.flushed)
    case 'renew':
      return journal.renew(request.journalId)
    case 'rewrite':
      return post({ kind: 'rewritten', ask: request.ask, error: journal.rewrite(request.journalId, request.rows) })
    case 'state':
      return post({ kind: 'state', ask: request.ask, state: journal.state() })
    case 'close':
      journal.close()
      reportQuality()
      port.close()
  }
})
post({ kind: 'opened', threadId: threadId() })
