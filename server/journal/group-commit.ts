/**
 * Group commit: requests that arrive while a group is being written form the next group. It needs no timer: under
 * load groups form by themselves, and a lone request is written as soon as what arrived with it was read. A caller's
 * promise resolves only after its entry is on disk; it must never be acknowledged before.
 */
import { Worker } from 'node:worker_threads'
import type { Backlog } from './journal.ts'

/** What the journal's thread is told, and what it answers. */
export type JournalRequest =
  | { kind: 'append'; bodies: string[]; events: number; now: number }
  | { kind: 'landed'; journalId: string; position: number; flushed: number; now: number }
  | { kind: 'renew'; journalId: string }
  | { kind: 'close' }
export type JournalReply =
  | { kind: 'opened'; backlog: Backlog }
  | { kind: 'appended'; backlog: Backlog }
  | { kind: 'failed'; message: string; backlog: Backlog }
  | { kind: 'backlog'; backlog: Backlog }
  | { kind: 'upkeep-failed'; message: string }
  | { kind: 'closed' }

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
  /** Finishes what was accepted, then ends the thread. */
  close(): Promise<void>
}

/** A group holds at most this many bytes, so that one row does not hold up the landing of others. */
const MAX_GROUP_BYTES = 1024 * 1024

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
  let writing: Waiting[] = []
  let queueBytes = 0
  let backlog: Backlog = { bytes: 0, oldestAt: null }
  let opened = false
  let dead: Error | null = null
  let onIdle: (() => void) | null = null
  let starting = false

  const refusing = () => {
    if (dead) return `the journal cannot be written: ${dead.message}`
    if (backlog.bytes > maxBytes) return 'the journal is full'
    if (backlog.oldestAt !== null && now() - backlog.oldestAt > maxAgeMs) return 'nothing has been landed for too long'
    return queueBytes > MAX_QUEUE_BYTES ? 'the disk of the journal is too slow' : null
  }
  const writeNext = () => {
    if (writing.length > 0) return
    if (waiting.length === 0) return onIdle?.()
    let bytes = 0
    let count = 0
    while (count < waiting.length && (count === 0 || bytes < MAX_GROUP_BYTES)) bytes += waiting[count++]!.entry.length
    writing = waiting.slice(0, count)
    waiting = waiting.slice(count)
    tell({
      kind: 'append',
      bodies: writing.map((each) => each.entry),
      events: writing.reduce((sum, each) => sum + each.events, 0),
      now: now(),
    })
  }
  const settle = (finish: (each: Waiting) => void) => {
    const group = writing
    writing = []
    for (const each of group) {
      queueBytes -= each.entry.length
      finish(each)
    }
    writeNext()
  }

  await new Promise<void>((resolve, reject) => {
    worker.on('error', (error) => {
      dead = error as Error
      reject(dead)
      if (opened) options.onDeath(dead)
      for (const each of [...writing, ...waiting]) each.reject(new JournalUnavailable(dead.message))
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
          settle((each) => each.resolve())
          return options.onAppended()
        case 'failed':
          return settle((each) => each.reject(new JournalUnavailable(reply.message)))
        case 'upkeep-failed':
          return options.onUpkeepFailed(reply.message)
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
        if (starting || writing.length > 0) return
        // Other requests may have been read at the same time: without them the first would be a group alone, and they
        // would wait for it.
        starting = true
        setImmediate(() => {
          starting = false
          writeNext()
        })
      })
    },
    landed: (journalId, position, flushed) => tell({ kind: 'landed', journalId, position, flushed, now: now() }),
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
