/**
 * Group commit: entries that arrive while a group is being written form the next group. It needs no timer: under load
 * groups form by themselves, and a lone entry is written as soon as everything that arrived with it was checked. A
 * group is closed although more has arrived once checking has taken twice as long as a flush takes on this disk;
 * otherwise all concurrent senders would wait for the slowest of them, and then it for them. Callers are notified once
 * the group is on disk; nothing may be acknowledged before.
 */
import { type Backlog, type JournalLimits, type JournalRow, type NewRow, openJournal } from './journal.ts'

/** A journal row and its new content. */
export type Rewritten = Pick<JournalRow, 'id' | 'body' | 'events'>

/** Why nothing can be appended now, or null; and how many bytes wait to be landed. */
export type JournalState = { refusing: string | null; backlogBytes: number }

/** The journal as its owning thread sees it. */
export type Journal = {
  /**
   * Appends entries (JSON texts, with `events` events in all) to the next group. `done` is called with null once they
   * are on disk, or with the reason why they were refused.
   */
  append(entries: string[], events: number, done: (refused: string | null) => void): void
  state(): JournalState
  /** Reports how far the journal was landed and flushed, so that it can be pruned. */
  landed(journalId: string, position: number, flushed: number): void
  /** Gives the journal a new id if it still has this one, so that all its entries are landed again. */
  renew(journalId: string): void
  /** Replaces the entries of rows. Returns null once that is on disk, or the reason why it is not. */
  rewrite(journalId: string, rows: Rewritten[]): string | null
  /** Writes what was appended and closes the file. */
  close(): void
}

/** A group is closed at this many characters, because all of it is in memory several times. */
const MAX_GROUP_CHARS = 1024 * 1024

/**
 * A row of a group is closed at this many characters. Longer texts get their own memory pages at each step from here to
 * the file, which took a tenth of the thread's time.
 */
const MAX_ROW_CHARS = 64 * 1024

/** A group is closed after this many times the duration of a flush. */
const FLUSHES_A_GROUP = 2

/**
 * The log is copied into the file when it has this size, between two groups and not within one, as SQLite would do it:
 * that takes 2 ms, and only the next group waits. It flushes the disk twice, so it is done less often on a slow disk.
 */
const LOGGED_BYTES = 1024 * 1024
const SLOW_FLUSH_MS = 2
const LOGGED_BYTES_SLOW = 16 * LOGGED_BYTES

/** The weight of the newest flush in the moving average of flush durations. */
const NEWEST_SHARE = 0.1

type Waiting = { entries: string[]; events: number; done: (refused: string | null) => void }

/**
 * Opens the journal. `maxBytes` and `maxAgeMs` bound what has not landed yet. `now` is a monotonic clock.
 * `onMaintenanceFailed` is called when pruning or copying the log failed; both are tried again later.
 */
export function startJournal(
  options: JournalLimits & {
    file: string
    maxAgeMs: number
    now: () => number
    onMaintenanceFailed: (message: string) => void
  },
): Journal {
  const { maxBytes, maxAgeMs, now } = options
  const journal = openJournal(options.file, options)
  let backlog: Backlog = journal.backlog()
  let waiting: Waiting[] = []
  let waitingChars = 0
  let began = 0
  let flushMs = 1
  let closed = false

  const refusing = () => {
    if (backlog.bytes > maxBytes) return 'the journal is full'
    const tooOld = backlog.oldestAt !== null && now() - backlog.oldestAt > maxAgeMs
    return tooOld ? 'nothing has been landed for too long' : null
  }
  const attempt = <T>(work: () => T): string | null => {
    try {
      work()
      return null
    } catch (error) {
      return (error as Error).message
    } finally {
      backlog = journal.backlog()
    }
  }
  const maintain = (work: () => void) => {
    const failed = attempt(work)
    if (failed !== null) options.onMaintenanceFailed(failed)
  }
  const copyLog = () => {
    // Closing has copied it already.
    if (!closed) maintain(() => journal.checkpoint())
  }
  const commit = () => {
    if (waiting.length === 0) return
    const group = waiting
    waiting = []
    waitingChars = 0
    const rows = rowsOf(group)
    const before = performance.now()
    const failed = attempt(() => journal.append(rows, now()))
    flushMs += NEWEST_SHARE * (performance.now() - before - flushMs)
    for (const each of group) each.done(failed)
    const most = flushMs < SLOW_FLUSH_MS ? LOGGED_BYTES : LOGGED_BYTES_SLOW
    // Callers that were just notified get to answer first.
    if (journal.loggedBytes() > most) queueMicrotask(copyLog)
  }

  return {
    append(entries, events, done) {
      const reason = refusing()
      if (reason !== null) return done(reason)
      // Others may have been read at the same time: otherwise the first would form a group alone, and they would wait.
      if (waiting.length === 0) {
        setImmediate(commit)
        began = performance.now()
      }
      waiting.push({ entries, events, done })
      for (const each of entries) waitingChars += each.length
      const full = waitingChars > MAX_GROUP_CHARS || performance.now() - began > FLUSHES_A_GROUP * flushMs
      if (full) commit()
    },
    state: () => ({ refusing: refusing(), backlogBytes: backlog.bytes }),
    landed: (journalId, position, flushed) =>
      maintain(() => {
        journal.landed(journalId, position, flushed)
        journal.prune(now())
      }),
    renew: (journalId) => maintain(() => journal.renew(journalId)),
    rewrite: (journalId, rows) => attempt(() => journal.rewrite(journalId, rows)),
    close() {
      commit()
      closed = true
      journal.close()
    },
  }
}

/** Packs a group into rows. The entries of a request stay together. */
function rowsOf(group: Waiting[]): NewRow[] {
  const rows: NewRow[] = []
  let texts: string[] = []
  let [chars, events] = [0, 0]
  for (const [n, each] of group.entries()) {
    for (const text of each.entries) {
      texts.push(text)
      chars += text.length
    }
    events += each.events
    if (chars < MAX_ROW_CHARS && n < group.length - 1) continue
    rows.push({ body: `[${texts.join(',')}]`, events })
    texts = []
    chars = 0
    events = 0
  }
  return rows
}
