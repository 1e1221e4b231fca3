/**
 * Group commit: requests that arrive while a group is being written form the next group. It needs no timer: under
 * load groups form by themselves, and a lone request is written as soon as what arrived with it was read. They are
 * handed over a few at a time, without waiting for those before: the journal's thread writes all that has come as one
 * group, while this one reads the next requests. A caller's promise resolves only after its entry is on disk; it must
 * never be acknowledged before.
 */
import { Worker } from 'node:worker_threads'
import type { Backlog } from './journal.ts'

/** What the journal's thread is told, and what it answers. */
export type JournalRequest =
  | Parcel
  | { kind: 'landed'; journalId: string; position: number; flushed: number; now: number }
  | { kind: 'renew'; journalId: string }
  | { kind: 'rewrite'; journalId: string; rows: Rewritten[]; job: number }
  | { kind: 'close' }
/** Entries that are handed over together: their JSON texts with commas between. */
export type Parcel = { kind: 'append'; entries: string; events: number; now: number }
/** `parcels`: how many of them, in the order they were handed over, the answer is about. */
export type JournalReply =
  | { kind: 'opened'; backlog: Backlog }
  | { kind: 'appended'; parcels: number; backlog: Backlog }
  | { kind: 'failed'; parcels: number; message: string; backlog: Backlog }
  | { kind: 'backlog'; backlog: Backlog }
  | { kind: 'upkeep-failed'; message: string }
  | { kind: 'rewritten'; job: number; error: string | null }
  | { kind: 'closed' }

/** A row of the journal as it is to be from now on. */
export type Rewritten = { id: number; body: string; events: number }

/** Why an entry was not taken: the journal is full, or could not be written. */
export class JournalUnavailable extends Error {}

/** What routes that write see of the journal. */
export type Journal = {
  /** Resolves when the entry (JSON text with `events` events) is on disk. Rejects with `JournalUnavailable`. */
  append(entry: string, events: number): Promise<void>
}

/** The journal with its thread. `landed` reports how far it was landed and flushed, which lets it prune. */
export type JournalThread = Journal & {
  /** Why nothing can be appended now, or null; and how many bytes wait to be landed. */
  state(): { refusing: string | null; backlogBytes: number }
  landed(journalId: string, position: number, flushed: number): void
  /** Gives the journal a new id if it is still this one, so that all it holds is landed again. */
  renew(journalId: string): void
  /** Puts other entries in the place of those that rows hold. Answers when that is on disk, or why it is not. */
  rewrite(journalId: string, rows: Rewritten[]): Promise<string | null>
  /** Finishes what was accepted, then ends the thread. */
  close(): Promise<void>
}

/** So many requests are handed over at once: fewer would cost more messages, more would leave the thread idle. */
const PARCEL_ENTRIES = 32

/** What waits in memory for a disk that is slow; past it requests are turned away. */
const MAX_QUEUE_BYTES = 64 * 1024 * 1024

type Waiting = { entry: string; events: number; resolve: () => void; reject: (error: Error) => void }

/**
 * Starts the journal's thread. `maxBytes` and `maxAgeMs` bound what has not landed yet. `now` is a clock that nobody
 * sets. `onAppended` is called after each group, `onUpkeepFailed` when pruning could not be done.
 */
export async function startJournal(options: {
  file: string
  maxBytes: number
  maxAgeMs: number
  keepLandedMs: number
  now: () => number
  onAppended: () => void
  onUpkeepFailed: (message: string) => void
  onDeath: (error: Error) => void
}): Promise<JournalThread> {
  const { file, maxBytes, maxAgeMs, keepLandedMs, now } = options
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { file, maxBytes, keepLandedMs } })
  const tell = (request: JournalRequest) => worker.postMessage(request)
  let waiting: Waiting[] = []
  /** What was handed over, by parcel. */
  let writing: Waiting[][] = []
  let queueBytes = 0
  let backlog: Backlog = { bytes: 0, oldestAt: null }
  let opened = false
  let dead: Error | null = null
  let onIdle: (() => void) | null = null
  let handing = false
  let jobs = 0
  const rewriting = new Map<number, (error: string | null) => void>()

  const refusing = () => {
    if (dead) return `the journal cannot be written: ${dead.message}`
    if (backlog.bytes > maxBytes) return 'the journal is full'
    if (backlog.oldestAt !== null && now() - backlog.oldestAt > maxAgeMs) return 'nothing has been landed for too long'
    return queueBytes > MAX_QUEUE_BYTES ? 'the disk of the journal is too slow' : null
  }
  const handOver = () => {
    if (waiting.length === 0) return
    const parcel = waiting
    waiting = []
    writing.push(parcel)
    let entries = parcel[0]!.entry
    let events = parcel[0]!.events
    for (let i = 1; i < parcel.length; i++) {
      entries += `,${parcel[i]!.entry}`
      events += parcel[i]!.events
    }
    tell({ kind: 'append', entries, events, now: now() })
  }
  const settle = (parcels: number, finish: (each: Waiting) => void) => {
    for (const parcel of writing.splice(0, parcels)) {
      for (const each of parcel) {
        queueBytes -= each.entry.length
        finish(each)
      }
    }
    if (writing.length + waiting.length === 0) onIdle?.()
  }

  await new Promise<void>((resolve, reject) => {
    worker.on('error', (error) => {
      dead = error as Error
      reject(dead)
      if (opened) options.onDeath(dead)
      for (const each of [...writing.flat(), ...waiting]) each.reject(new JournalUnavailable(dead.message))
      writing = []
      waiting = []
    })
    worker.on('message', (reply: JournalReply) => {
      if ('backlog' in reply) backlog = reply.backlog
      switch (reply.kind) {
        case 'opened':
          opened = true
          return resolve()
        case 'appended':
          settle(reply.parcels, (each) => each.resolve())
          return options.onAppended()
        case 'failed':
          return settle(reply.parcels, (each) => each.reject(new JournalUnavailable(reply.message)))
        case 'upkeep-failed':
          return options.onUpkeepFailed(reply.message)
        case 'rewritten':
          rewriting.get(reply.job)?.(reply.error)
          rewriting.delete(reply.job)
          return
        case 'backlog':
        case 'closed':
          return
      }
    })
  })

  return {
    state: () => ({ refusing: refusing(), backlogBytes: backlog.bytes }),
    append(entry, events) {
      const reason = refusing()
      if (reason !== null) return Promise.reject(new JournalUnavailable(reason))
      return new Promise((resolve, reject) => {
        queueBytes += entry.length
        waiting.push({ entry, events, resolve, reject })
        if (waiting.length >= PARCEL_ENTRIES) return handOver()
        if (handing) return
        // Other requests may have been read at the same time: without them the first would be a group alone, and they
        // would wait for it.
        handing = true
        setImmediate(() => {
          handing = false
          handOver()
        })
      })
    },
    landed: (journalId, position, flushed) => tell({ kind: 'landed', journalId, position, flushed, now: now() }),
    rewrite(journalId, rows) {
      const job = ++jobs
      return new Promise((resolve) => {
        rewriting.set(job, resolve)
        tell({ kind: 'rewrite', journalId, rows, job })
      })
    },
    renew: (journalId) => tell({ kind: 'renew', journalId }),
    async close() {
      if (writing.length + waiting.length > 0) await new Promise<void>((resolve) => (onIdle = resolve))
      const ended = new Promise((resolve) => worker.once('exit', resolve))
      worker.on('message', (reply: JournalReply) => reply.kind === 'closed' && worker.terminate())
      tell({ kind: 'close' })
      await ended
    },
  }
}
