/**
 * Group commit: requests that arrive while a group is being written form the next group. It needs no timer: under
 * load groups form by themselves, and a lone request is written as soon as what arrived with it was read. A caller's
 * promise resolves only after its entry is on disk; it must never be acknowledged before.
 */
import { Worker } from 'node:worker_threads'

/** What the journal's thread is told, and what it answers. */
export type JournalRequest =
  | { kind: 'append'; bodies: string[]; events: number; now: number }
  | { kind: 'landed'; position: number; now: number }
  | { kind: 'close' }
export type JournalReply =
  | { kind: 'opened'; journalId: string }
  | { kind: 'appended' }
  | { kind: 'failed'; message: string }
  | { kind: 'backlog'; bytes: number }
  | { kind: 'closed' }

/** Why an entry was not taken: the journal is full, or could not be written. */
export class JournalUnavailable extends Error {}

/** What routes that write see of the journal. */
export type Journal = {
  /** Resolves when the entry (JSON text with `events` events) is on disk. Rejects with `JournalUnavailable`. */
  append(entry: string, events: number): Promise<void>
}

/** The journal with its thread. `landed` reports how far it was landed, which lets it prune. */
export type JournalThread = Journal & {
  journalId: string
  /** Why nothing can be appended now, or null; and how many bytes wait to be landed. */
  state(): { refusing: string | null; backlogBytes: number }
  landed(position: number): void
  /** Finishes what was accepted, then ends the thread. */
  close(): Promise<void>
}

/** A group holds at most this many bytes, so that one row does not hold up the landing of others. */
const MAX_GROUP_BYTES = 1024 * 1024

type Waiting = { entry: string; events: number; resolve: () => void; reject: (error: Error) => void }

/** Starts the journal's thread. `maxBytes` bounds what has not landed yet. `onAppended` is called after each group. */
export async function startJournal(options: {
  file: string
  maxBytes: number
  keepLandedMs: number
  now: () => number
  onAppended: () => void
  onDeath: (error: Error) => void
}): Promise<JournalThread> {
  const { file, maxBytes, keepLandedMs, now } = options
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { file, maxBytes, keepLandedMs } })
  const tell = (request: JournalRequest) => worker.postMessage(request)
  let waiting: Waiting[] = []
  let writing: Waiting[] = []
  let backlogBytes = 0
  let dead: Error | null = null
  let onIdle: (() => void) | null = null
  let starting = false

  const refusing = () => {
    if (dead) return `the journal cannot be written: ${dead.message}`
    return backlogBytes > maxBytes ? 'the journal is full' : null
  }
  const writeNext = () => {
    if (writing.length > 0) return
    if (waiting.length === 0) return onIdle?.()
    let bytes = 0
    let count = 0
    while (count < waiting.length && (count === 0 || bytes < MAX_GROUP_BYTES)) bytes += waiting[count++]!.entry.length
    writing = waiting.slice(0, count)
    waiting = waiting.slice(count)
    backlogBytes += bytes
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
    for (const each of group) finish(each)
    writeNext()
  }

  const journalId = await new Promise<string>((resolve, reject) => {
    worker.on('error', (error) => {
      dead = error as Error
      reject(dead)
      options.onDeath(dead)
      for (const each of [...writing, ...waiting]) each.reject(new JournalUnavailable(dead.message))
      writing = []
      waiting = []
    })
    worker.on('message', (reply: JournalReply) => {
      switch (reply.kind) {
        case 'opened':
          return resolve(reply.journalId)
        case 'appended':
          settle((each) => each.resolve())
          return options.onAppended()
        case 'failed':
          return settle((each) => each.reject(new JournalUnavailable(reply.message)))
        case 'backlog':
          backlogBytes = reply.bytes
          return
        case 'closed':
          return
      }
    })
  })

  return {
    journalId,
    state: () => ({ refusing: refusing(), backlogBytes }),
    append(entry, events) {
      const reason = refusing()
      if (reason !== null) return Promise.reject(new JournalUnavailable(reason))
      return new Promise((resolve, reject) => {
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
    landed: (position) => tell({ kind: 'landed', position, now: now() }),
    async close() {
      if (writing.length + waiting.length > 0) await new Promise<void>((resolve) => (onIdle = resolve))
      const ended = new Promise((resolve) => worker.once('exit', resolve))
      worker.on('message', (reply: JournalReply) => reply.kind === 'closed' && worker.terminate())
      tell({ kind: 'close' })
      await ended
    },
  }
}
