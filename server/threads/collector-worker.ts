/**
 * The thread that collects: it checks what the public sends, writes what is left of it to the journal, which it owns, and
 * answers when it is on disk. So the thread that serves HTTP only reads and writes, and no flush holds it up. It needs no
 * store: what it looks up is told to it.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { nanoid } from 'nanoid'
import { journalUnavailable } from '../collect/accept.ts'
import { createDirectory, type Snapshot } from '../collect/configuration.ts'
import { collectEvents, type EventsDeps } from '../collect/events.ts'
import { collectSegment } from '../collect/segment-api.ts'
import { type JournalState, type Rewritten, startJournal } from '../journal/group-commit.ts'
import { createSteadyClock } from '../ops/clock.ts'
import { createKeyring, hashApiKey, sha256Hex } from '../ops/keyring.ts'
import { readLink } from '../ops/link-reader.ts'
import { threadId } from '../ops/priority.ts'
import { createAnswers } from './answers.ts'
import { type PackedAnswer, type PackedRequest, unpackRequest } from './packed.ts'
import { createQuestions } from './questions.ts'

/** What the thread is started with. `secure`: browsers reach the collector over https. */
export type CollectorData = {
  journal: { file: string; maxBytes: number; maxAgeMs: number; keepLandedMs: number }
  secret: string
  secure: boolean
}

/** What the thread is told. */
export type CollectorRequest =
  | { kind: 'deliveries'; list: PackedRequest[] }
  | { kind: 'use'; snapshot: Snapshot }
  /** The store was looked at after `missed`, and what is newest was told. */
  | { kind: 'looked'; ask: number }
  | { kind: 'landed'; journalId: string; position: number; flushed: number }
  | { kind: 'renew'; journalId: string }
  | { kind: 'rewrite'; journalId: string; rows: Rewritten[]; ask: number }
  | { kind: 'state'; ask: number }
  | { kind: 'close' }

/** What it tells. */
export type CollectorReply =
  | { kind: 'opened'; threadId: number | null }
  | { kind: 'answers'; list: PackedAnswer[]; counts: Map<string, number> }
  | { kind: 'failed'; job: number; error: Error }
  /** A site or a key is not known here; answered by `looked`. */
  | { kind: 'missed'; ask: number }
  | { kind: 'rewritten'; ask: number; error: string | null }
  | { kind: 'state'; ask: number; state: JournalState }
  | { kind: 'maintenance-failed'; message: string }

const port = parentPort
if (port === null) throw new Error('this file runs in a thread of its own')
const { journal: journalOptions, secret, secure } = workerData as CollectorData
const keyring = createKeyring(secret)
const tell = (reply: CollectorReply) => port.postMessage(reply)

const looks = createQuestions()
const directory = createDirectory(() =>
  looks.ask<void>(
    (ask) => tell({ kind: 'missed', ask }),
    () => {},
  ),
)

const journal = startJournal({
  ...journalOptions,
  now: createSteadyClock(),
  onMaintenanceFailed: (message) => tell({ kind: 'maintenance-failed', message }),
})

const { answer, fail, count } = createAnswers({
  send: (list, counts) => tell({ kind: 'answers', list, counts }),
  onFailed: (job, error) => tell({ kind: 'failed', job, error }),
})

const deps: EventsDeps = {
  configuration: directory,
  hashKey: hashApiKey,
  cookieMac: keyring.cookieMac,
  secure,
  newId: () => nanoid(22),
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
      return looks.answer(request.ask, undefined)
    case 'landed':
      return journal.landed(request.journalId, request.position, request.flushed)
    case 'renew':
      return journal.renew(request.journalId)
    case 'rewrite':
      return tell({ kind: 'rewritten', ask: request.ask, error: journal.rewrite(request.journalId, request.rows) })
    case 'state':
      return tell({ kind: 'state', ask: request.ask, state: journal.state() })
    case 'close':
      journal.close()
      port.close()
  }
})
tell({ kind: 'opened', threadId: threadId() })
