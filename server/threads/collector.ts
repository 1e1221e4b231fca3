/** Starts the collector thread, passes it requests and returns its replies. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Answer, CollectRequest, Endpoint } from '../collect/accept.ts'
import type { Snapshot } from '../collect/configuration.ts'
import type { Tallied } from '../domain/quality-tally.ts'
import type { Journal, JournalState, Rewritten } from '../journal/group-commit.ts'
import type { CollectorData, CollectorReply, CollectorRequest } from './collector-worker.ts'
import { createQuestions } from './questions.ts'
import { createUnderWay } from './under-way.ts'

/** The handle of the thread. */
export type CollectorThread = Pick<Journal, 'landed' | 'renew'> & {
  /** Resolves to the thread's system id (null except on Linux) once the journal is open. Rejects if it cannot be opened. */
  opened: Promise<number | null>
  /** Replaces the sites and keys. */
  use(snapshot: Snapshot): void
  /** Collects a request. Resolves to the reply; rejects with a `Problem` if nothing can be accepted now. */
  collect(endpoint: Endpoint, delivery: CollectRequest): Promise<Answer>
  /** The state of the journal, within `STATE_MS` even if the thread is blocked. */
  state(): Promise<JournalState>
  /** Replaces rows of the journal. Resolves to null once they are on disk, or to the error. */
  rewrite(journalId: string, rows: Rewritten[]): Promise<string | null>
  /** Finishes the pending requests, and ends the thread. */
  close(): Promise<void>
}

/** How long the thread may take to report its state. A disk that hangs blocks it, which readiness must show. */
const STATE_MS = 2000
const SILENT = 'the journal does not respond; its disk may hang'

/**
 * Starts the thread. `missed` checks the store for new sites and keys, `isKnown` looks a visitor up there, `count` counts accepted and refused events, and
 * `onAnswers` is called when something may have been appended.
 */
export function startCollector(
  workerData: CollectorData,
  on: {
    missed: () => Promise<void>
    isKnown: (visitor: string) => Promise<boolean>
    count: (what: string, n: number) => void
    onAnswers: () => void
    onMaintenanceFailed: (message: string) => void
    onKeyUsed: (id: string) => void
    onQuality: (counted: Tallied) => void
    onDeath: (error: Error) => void
  },
): CollectorThread {
  const worker = new Worker(new URL('./collector-worker.ts', import.meta.url), { workerData })
  const post = (request: CollectorRequest) => worker.postMessage(request)
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const opening = Promise.withResolvers<number | null>()
  const underWay = createUnderWay({ send: (list) => post({ kind: 'deliveries', list }), later: setImmediate })
  const questions = createQuestions()
  let lastState: JournalState = { refusing: null, backlogBytes: 0 }
  let opened = false

  worker.on('message', (reply: CollectorReply) => {
    switch (reply.kind) {
      case 'opened':
        opened = true
        return opening.resolve(reply.threadId)
      case 'answers':
        underWay.answered(reply.list)
        for (const [what, n] of reply.counts) on.count(what, n)
        return on.onAnswers()
      case 'failed':
        return underWay.failed(reply.job, reply.error)
      case 'missed':
        void on.missed().then(() => post({ kind: 'looked', ask: reply.ask }))
        return
      case 'known':
        // If the store cannot be asked, a withdrawal counts.
        void on
          .isKnown(reply.visitor)
          .catch(() => true)
          .then((isKnown) => post({ kind: 'known', ask: reply.ask, isKnown }))
        return
      case 'rewritten':
        return questions.answer(reply.ask, reply.error)
      case 'state':
        return questions.answer(reply.ask, reply.state)
      case 'maintenance-failed':
        return on.onMaintenanceFailed(reply.message)
      case 'key-used':
        return on.onKeyUsed(reply.key)
      case 'quality':
        return on.onQuality(reply.counted)
    }
  })
  worker.on('error', (thrown) => {
    const error = thrown as Error
    opening.reject(error)
    if (opened) on.onDeath(error)
    underWay.die(error)
    questions.die(error)
  })

  return {
    opened: opening.promise,
    use: (snapshot) => post({ kind: 'use', snapshot }),
    collect: underWay.collect,
    state() {
      const answer = questions
        .ask<JournalState>(
          (number) => post({ kind: 'state', ask: number }),
          (why) => ({ refusing: why, backlogBytes: 0 }),
        )
        .then((state) => (lastState = state))
      return Promise.race([answer, sleep(STATE_MS, { ...lastState, refusing: SILENT }, { ref: false })])
    },
    landed: (journalId, position, flushed) => post({ kind: 'landed', journalId, position, flushed }),
    renew: (journalId) => post({ kind: 'renew', journalId }),
    rewrite: (journalId, rows) =>
      questions.ask<string | null>(
        (number) => post({ kind: 'rewrite', journalId, rows, ask: number }),
        (why) => why,
      ),
    async close() {
      post({ kind: 'close' })
      await ended
    },
  }
}
