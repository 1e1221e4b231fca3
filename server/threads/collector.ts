/** Starts the thread that collects, hands it what was received, and hears its answers. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type Answer, type CollectRequest, type Endpoint, journalUnavailable } from '../collect/accept.ts'
import type { Snapshot } from '../collect/configuration.ts'
import type { Exactly } from '../domain/exact.ts'
import type { Journal, JournalState, Rewritten } from '../journal/group-commit.ts'
import type { CollectorData, CollectorReply, CollectorRequest, PackedDelivery } from './collector-worker.ts'

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

/**
 * So many requests are handed over at once: fewer would cost more messages, more would leave the thread idle while
 * this one reads.
 */
const BATCH = 16

/** What is under way waits in memory, for a disk that is slow or a processor that is busy; past it, requests are turned away. */
const MAX_UNDER_WAY_CHARS = 64 * 1024 * 1024

/** A disk that hangs holds the thread up; who asks how it fares must hear of it. */
const STATE_MS = 2000
const SILENT = 'the journal does not answer; its disk may hang'

type Job = { resolve: (answer: Answer) => void; reject: (error: Error) => void; chars: number }

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
  const jobs = new Map<number, Job>()
  const asked = new Map<number, { resolve: (answer: never) => void; whenDead: (why: string) => unknown }>()
  let batch: PackedDelivery[] = []
  let numbers = 0
  let charsUnderWay = 0
  let lastState: JournalState = { refusing: null, backlogBytes: 0 }
  let opened = false
  let dead: Error | null = null

  const handOver = () => {
    if (batch.length === 0) return
    tell({ kind: 'deliveries', list: batch })
    batch = []
  }
  const take = (number: number): Job | undefined => {
    const job = jobs.get(number)
    jobs.delete(number)
    charsUnderWay -= job?.chars ?? 0
    return job
  }
  const ask = <T>(request: (ask: number) => CollectorRequest, whenDead: (why: string) => T): Promise<T> =>
    new Promise((resolve) => {
      if (dead !== null) return resolve(whenDead(dead.message))
      asked.set(++numbers, { resolve, whenDead })
      tell(request(numbers))
    })
  const answerTo = (number: number, answer: unknown) => {
    asked.get(number)?.resolve(answer as never)
    asked.delete(number)
  }
  const unavailable = () => journalUnavailable(`the journal cannot be written: ${dead?.message}`)

  worker.on('message', (reply: CollectorReply) => {
    switch (reply.kind) {
      case 'opened':
        opened = true
        return opening.resolve(reply.threadId)
      case 'answers':
        for (const [number, status, body, headers] of reply.list) {
          const answer = { status, headers: headers ?? {}, body }
          // Does not compile if an answer has a field, an optional one too, that was not packed.
          take(number)?.resolve(answer satisfies Exactly<Answer, typeof answer>)
        }
        for (const [what, n] of reply.counts) on.count(what, n)
        return on.onAnswers()
      case 'failed':
        return take(reply.job)?.reject(reply.error)
      case 'missed':
        void on.missed().then(() => tell({ kind: 'looked', ask: reply.ask }))
        return
      case 'rewritten':
        return answerTo(reply.ask, reply.error)
      case 'state':
        return answerTo(reply.ask, reply.state)
      case 'maintenance-failed':
        return on.onMaintenanceFailed(reply.message)
    }
  })
  worker.on('error', (error) => {
    dead = error as Error
    opening.reject(dead)
    if (opened) on.onDeath(dead)
    for (const number of [...jobs.keys()]) take(number)?.reject(unavailable())
    for (const [number, { whenDead }] of [...asked]) answerTo(number, whenDead(dead.message))
  })

  return {
    opened: opening.promise,
    use: (snapshot) => tell({ kind: 'use', snapshot }),
    collect(endpoint, delivery) {
      if (dead !== null) return Promise.reject(unavailable())
      const { address, receivedAt, text, site, authorization, cookie, origin, fetchSite, userAgent } = delivery
      if (charsUnderWay > MAX_UNDER_WAY_CHARS)
        return Promise.reject(journalUnavailable('the disk of the journal is too slow'))
      return new Promise((resolve, reject) => {
        const number = ++numbers
        charsUnderWay += text.length
        jobs.set(number, { resolve, reject, chars: text.length })
        const headers = [authorization, cookie, origin, fetchSite, userAgent] as const
        batch.push([number, endpoint, address, receivedAt, text, site, ...headers])
        if (batch.length >= BATCH) handOver()
        // Other requests may have been read at the same time: they go together.
        else if (batch.length === 1) setImmediate(handOver)
      })
    },
    state() {
      const answer = ask<JournalState>(
        (number) => ({ kind: 'state', ask: number }),
        (why) => ({ refusing: why, backlogBytes: 0 }),
      ).then((state) => (lastState = state))
      return Promise.race([answer, sleep(STATE_MS, { ...lastState, refusing: SILENT }, { ref: false })])
    },
    landed: (journalId, position, flushed) => tell({ kind: 'landed', journalId, position, flushed }),
    renew: (journalId) => tell({ kind: 'renew', journalId }),
    rewrite: (journalId, rows) =>
      ask<string | null>(
        (number) => ({ kind: 'rewrite', journalId, rows, ask: number }),
        (why) => why,
      ),
    async close() {
      tell({ kind: 'close' })
      await ended
    },
  }
}
