/** Starts the thread that collects, hands it what was received, and hears its answers. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Answer, CollectRequest, Endpoint } from '../collect/accept.ts'
import type { Snapshot } from '../collect/configuration.ts'
import type { Journal, JournalState, Rewritten } from '../journal/group-commit.ts'
import type { CollectorData, CollectorReply, CollectorRequest } from './collector-worker.ts'
import { createQuestions } from './questions.ts'
import { createUnderWay } from './under-way.ts'

/** The thread as others see it. */
export type CollectorThread = Pick<Journal, 'landed' | 'renew'> & {
  /** Resolves when the journal is open, to the system's id of the thread (null but on Linux). Rejects if it cannot be. */
  opened: Promise<number | null>
  /** Tells it the sites and keys as they are from now on. */
  use(snapshot: Snapshot): void
  /** Hands a request over. Resolves to its answer; rejects with a `Problem` where nothing can be taken. */
  collect(endpoint: Endpoint, delivery: CollectRequest): Promise<Answer>
  /** How the journal fares: soon, though the thread may be held up. */
  state(): Promise<JournalState>
  /** Puts other entries in the place of those that rows hold. Answers when that is on disk, or why it is not. */
  rewrite(journalId: string, rows: Rewritten[]): Promise<string | null>
  /** Finishes what was handed over, and ends the thread. */
  close(): Promise<void>
}

/** A disk that hangs holds the thread up; who asks how it fares must hear of it. */
const STATE_MS = 2000
const SILENT = 'the journal does not answer; its disk may hang'

/**
 * Starts the thread. `missed` is asked to look whether a site or a key was made just now, `count` told what was taken
 * and refused, `onAnswers` called when something may have been appended.
 */
export function startCollector(
  workerData: CollectorData,
  on: {
    missed: () => Promise<void>
    count: (what: string, n: number) => void
    onAnswers: () => void
    onMaintenanceFailed: (message: string) => void
    onDeath: (error: Error) => void
  },
): CollectorThread {
  const worker = new Worker(new URL('./collector-worker.ts', import.meta.url), { workerData })
  const tell = (request: CollectorRequest) => worker.postMessage(request)
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const opening = Promise.withResolvers<number | null>()
  const underWay = createUnderWay({ send: (list) => tell({ kind: 'deliveries', list }), later: setImmediate })
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
        void on.missed().then(() => tell({ kind: 'looked', ask: reply.ask }))
        return
      case 'rewritten':
        return questions.answer(reply.ask, reply.error)
      case 'state':
        return questions.answer(reply.ask, reply.state)
      case 'maintenance-failed':
        return on.onMaintenanceFailed(reply.message)
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
    use: (snapshot) => tell({ kind: 'use', snapshot }),
    collect: underWay.collect,
    state() {
      const answer = questions
        .ask<JournalState>(
          (number) => tell({ kind: 'state', ask: number }),
          (why) => ({ refusing: why, backlogBytes: 0 }),
        )
        .then((state) => (lastState = state))
      return Promise.race([answer, sleep(STATE_MS, { ...lastState, refusing: SILENT }, { ref: false })])
    },
    landed: (journalId, position, flushed) => tell({ kind: 'landed', journalId, position, flushed }),
    renew: (journalId) => tell({ kind: 'renew', journalId }),
    rewrite: (journalId, rows) =>
      questions.ask<string | null>(
        (number) => tell({ kind: 'rewrite', journalId, rows, ask: number }),
        (why) => why,
      ),
    async close() {
      tell({ kind: 'close' })
      await ended
    },
  }
}
