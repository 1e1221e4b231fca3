/**
 * Group commit: what was accepted while a group was being written forms the next one. It needs no timer: under load
 * groups form by themselves, and a lone entry is written as soon as what arrived with it was looked at. A group is
 * closed, though more has arrived, when to look at it has taken twice as long as a flush takes on this disk: else all
 * who send at once would wait for the last of them, and then all others for them. Who appends is told when it is on
 * disk; it must never be acknowledged before.
 */
import { type Backlog, type JournalLimits, type JournalRow, openJournal } from './journal.ts'

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

/** A row holds about this many characters at most, so that it does not hold up the landing of others. */
const MAX_GROUP_LENGTH = 1024 * 1024

/** A group is closed after so many times the duration of a flush. */
const FLUSHES_A_GROUP = 2

/** What a flush took counts for so much of what it is taken to take. */
const NEWEST_SHARE = 0.1

type Waiting = { entries: string[]; events: number; done: (refused: string | null) => void }

/**
 * Opens the journal. `maxBytes` and `maxAgeMs` bound what has not landed yet. `now` is a clock that nobody sets.
 * `onUpkeepFailed` is called when pruning could not be done; it is tried again at a later report.
 */
export function startJournal(
  options: JournalLimits & {
    file: string
    maxAgeMs: number
    now: () => number
    onUpkeepFailed: (message: string) => void
  },
): Journal {
  const { maxBytes, maxAgeMs, now } = options
  const journal = openJournal(options.file, options)
  let backlog: Backlog = journal.backlog()
  let waiting: Waiting[] = []
  let waitingLength = 0
  let began = 0
  let flushMs = 1

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
  const upkeep = (work: () => void) => {
    const failed = attempt(work)
    if (failed !== null) options.onUpkeepFailed(failed)
  }
  const commit = () => {
    if (waiting.length === 0) return
    const group = waiting
    waiting = []
    waitingLength = 0
    const texts: string[] = []
    let events = 0
    for (const each of group) {
      texts.push(...each.entries)
      events += each.events
    }
    const before = performance.now()
    const failed = attempt(() => journal.append(`[${texts.join(',')}]`, events, now()))
    flushMs += NEWEST_SHARE * (performance.now() - before - flushMs)
    for (const each of group) each.done(failed)
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
      for (const each of entries) waitingLength += each.length
      const full = waitingLength > MAX_GROUP_LENGTH || performance.now() - began > FLUSHES_A_GROUP * flushMs
      if (full) commit()
    },
    state: () => ({ refusing: refusing(), backlogBytes: backlog.bytes }),
    landed: (journalId, position, flushed) =>
      upkeep(() => {
        journal.landed(journalId, position, flushed)
        journal.prune(now())
      }),
    renew: (journalId) => upkeep(() => journal.renew(journalId)),
    rewrite: (journalId, rows) => attempt(() => journal.rewrite(journalId, rows)),
    close() {
      commit()
      journal.close()
    },
  }
}
