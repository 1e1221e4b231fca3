/**
 * Group commit: what was accepted while a group was being written forms the next one. It needs no timer: under load
 * groups form by themselves, and a lone entry is written as soon as what arrived with it was looked at. A group is
 * closed, though more has arrived, when to look at it has taken twice as long as a flush takes on this disk: else all
 * who send at once would wait for the last of them, and then all others for them. Who appends is told when it is on
 * disk; it must never be acknowledged before.
 */
import { type Backlog, type JournalLimits, type JournalRow, type NewRow, openJournal } from './journal.ts'

/** A row of the journal as it is to be from now on. */
export type Rewritten = Pick<JournalRow, 'id' | 'body' | 'events'>

/** Why nothing can be appended now, or null; and how many bytes wait to be landed. */
export type JournalState = { refusing: string | null; backlogBytes: number }

/** The journal as the thread that owns it has it. */
export type Journal = {
  /**
   * Appends entries (JSON texts, with `events` events in all) with the group that is written next. `done` is called when
   * they are on disk (null), or with the reason why they were not taken.
   */
  append(entries: string[], events: number, done: (refused: string | null) => void): void
  state(): JournalState
  /** Reports how far it was landed and flushed, which lets it prune. */
  landed(journalId: string, position: number, flushed: number): void
  /** Gives the journal a new id if it is still this one, so that all it holds is landed again. */
  renew(journalId: string): void
  /** Puts other entries in the place of those that rows hold. Returns null when that is on disk, or why it is not. */
  rewrite(journalId: string, rows: Rewritten[]): string | null
  /** Writes what was appended, and closes the file. */
  close(): void
}

/** A group is closed when it holds so many characters, for all of it is in memory several times. */
const MAX_GROUP_CHARS = 1024 * 1024

/**
 * A row of the group is closed at so many. Longer texts get pages of memory of their own, at each step from here to the
 * file, which took a tenth of the thread's time.
 */
const MAX_ROW_CHARS = 64 * 1024

/** A group is closed after so many times the duration of a flush. */
const FLUSHES_A_GROUP = 2

/**
 * The log is copied into the file when it holds so much, between two groups and not within one, as SQLite would: then it
 * takes 2 ms, and nobody waits for it but the next. It flushes the disk twice, so on one that is slow it is done rarely.
 */
const LOGGED_BYTES = 1024 * 1024
const SLOW_FLUSH_MS = 2
const LOGGED_BYTES_SLOW = 16 * LOGGED_BYTES

/** What a flush took counts for so much of what it is taken to take. */
const NEWEST_SHARE = 0.1

type Waiting = { entries: string[]; events: number; done: (refused: string | null) => void }

/**
 * Opens the journal. `maxBytes` and `maxAgeMs` bound what has not landed yet. `now` is a clock that nobody sets.
 * `onUpkeepFailed` is called when pruning it or copying its log could not be done; it is tried again later.
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
    // Closing has copied it.
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
    // Who was told just now has the time to pass it on first.
    if (journal.loggedBytes() > most) queueMicrotask(copyLog)
  }

  return {
    append(entries, events, done) {
      const reason = refusing()
      if (reason !== null) return done(reason)
      // Others may have been read at the same time: without them the first would be a group alone, and they would wait.
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

/** A request's entries stay together. */
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
