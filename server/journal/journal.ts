/**
 * The journal: accepted entries, on disk before they are acknowledged.
 *
 * A SQLite file of its own with a random `journal_id`. A row holds several requests; its number only ever grows
 * (`autoincrement`: a plain rowid table would restart at 1 once it is empty, and cursors would skip). Every open sets
 * `synchronous=FULL`, because a reopened WAL file is at NORMAL, under which a power cut may lose a commit. One thread
 * writes (the collector's); others may read.
 *
 * A file that was restored from a backup, or copied to a second machine, gives out the same numbers again. So each
 * opening by a writer is recorded with a random id and the first number it may give out: equal positions mean the same
 * entry only under the same opening. Landing keeps both, and asks for a new `journal_id` if they disagree.
 */
import { randomUUID } from 'node:crypto'
import BetterSqlite3 from 'better-sqlite3'

/** A row to append: the JSON text of an array of entries, and how many events they have. */
export type NewRow = { body: string; events: number }

/** A row of the journal; `at` is when it was appended, by a monotonic clock. */
export type JournalRow = NewRow & { id: number; at: number }

/** What has not landed: its size in bytes, and when the oldest entry was appended (null if there is none). */
export type Backlog = { bytes: number; oldestAt: number | null }

/** Landed entries stay for `keepLandedMs`, or make room earlier once the file is larger than half of `maxBytes`. */
export type JournalLimits = { maxBytes: number; keepLandedMs: number }

/** The writing side, used only by the journal's own thread. Its times are those of a monotonic clock. */
export type JournalWriter = {
  /** Appends a group, and returns when all of it is on disk; throws if none of it is. */
  append(group: NewRow[], now: number): void
  /**
   * Records how far the entries of this journal have landed, and up to where the resulting facts are on disk too: only
   * those entries may be removed. Reports about another journal are ignored.
   */
  landed(journalId: string, position: number, flushed: number): void
  /** How many appended bytes are only in the file's log. */
  loggedBytes(): number
  /** Copies the log into the file, which flushes the disk twice. */
  checkpoint(): void
  /** From time to time removes what landed long ago, and at once whatever blocks new entries. */
  prune(now: number): void
  /** Replaces the entries of rows, and leaves nothing of the old ones in the file. */
  rewrite(journalId: string, rows: Pick<JournalRow, 'id' | 'body' | 'events'>[]): void
  /** Gives the journal a new id, under which all its entries are landed again, unless it is no longer `journalId`. */
  renew(journalId: string): void
  /** Until the first report of landed entries it is the size of the whole file, as an upper bound. */
  backlog(): Backlog
  close(): void
}

const SCHEMA = `
  create table if not exists meta (name text primary key, value text not null);
  create table if not exists openings (first_entry integer primary key, id text not null);
  create table if not exists entries (
    id integer primary key autoincrement,
    at integer not null,
    events integer not null,
    bytes integer not null,
    body text not null
  );
`

/** Pruning writes too, so it runs at most this often. */
const PRUNE_EVERY_MS = 10_000

/** Pages given back in one pruning, 32 MiB: it delays appends by a few hundredths of a second. */
const PRUNE_PAGES = 8192

/** Rows per deletion, so that it delays appends only by milliseconds; the rest is removed at the next report. */
const PRUNE_ROWS = 500

/** Deletions per report: up to as many rows as a report has events, so that pruning keeps up with appending. */
const PRUNES_A_REPORT = 8

/** A backup of the store is not older than this many starts. */
const KEPT_OPENINGS = 1000

/** Even if no caller copies the log, SQLite does at this size: 64 MiB. */
const LONGEST_LOG_PAGES = 16_384

/** Limit for one read, whose rows are in memory at once: large events must not fill it. */
const READ_CHARS = 8 * 1024 ** 2

/** Opens the journal for writing, and creates it if necessary. */
export function openJournal(file: string, limits: JournalLimits): JournalWriter {
  const sqlite = new BetterSqlite3(file)
  // For a new file only: pruned pages are given back. They are also overwritten, so that no file keeps their content.
  sqlite.pragma('auto_vacuum = INCREMENTAL')
  sqlite.pragma('secure_delete = ON')
  sqlite.pragma('journal_size_limit = 67108864')
  sqlite.pragma('journal_mode = WAL')
  sqlite.pragma('synchronous = FULL')
  sqlite.pragma(`wal_autocheckpoint = ${LONGEST_LOG_PAGES}`)
  sqlite.exec(SCHEMA)
  sqlite.prepare("insert into meta values ('journal_id', ?) on conflict do nothing").run(randomUUID())
  const open = sqlite.prepare('insert or replace into openings values (?, ?)')
  open.run(newestOf(sqlite) + 1, randomUUID())
  sqlite
    .prepare('delete from openings where first_entry not in (select first_entry from openings order by 1 desc limit ?)')
    .run(KEPT_OPENINGS)

  // SQLite knows a text's bytes once it is bound; counting them before takes longer than copying them.
  const insert = sqlite
    .prepare<[NewRow & { now: number }], number>(
      'insert into entries (at, events, bytes, body) values (@now, @events, octet_length(@body), @body) returning bytes',
    )
    .pluck()
  const insertAll = sqlite.transaction((group: NewRow[], now: number) => {
    let bytes = 0
    for (const { body, events } of group) bytes += insert.get({ now, events, body }) ?? 0
    return bytes
  })
  const copyLog = sqlite.prepare('pragma wal_checkpoint(passive)')
  const oldest = 'select id from entries where id <= ? order by id limit ?'
  const removeOld = sqlite.prepare(`delete from entries where id in (${oldest}) and at < ?`)
  const bytesBetween = sqlite.prepare('select coalesce(sum(bytes), 0) from entries where id > ? and id <= ?').pluck()
  const replace = sqlite.prepare('update entries set body = ?, events = ?, bytes = ? where id = ?')
  const firstAfter = sqlite.prepare('select at from entries where id > ? order by id limit 1').pluck()
  const usedBytes = () => {
    const numberOf = (name: string) => Number(sqlite.pragma(name, { simple: true }))
    return (numberOf('page_count') - numberOf('freelist_count')) * numberOf('page_size')
  }
  let journalId = readJournalId(sqlite)
  /** How far the journal has landed; null before the first report. */
  let position: number | null = null
  let flushed = 0
  let waitingBytes = usedBytes()
  let oldestAt: number | null = null
  let prunedAt = Number.NEGATIVE_INFINITY
  let loggedBytes = 0

  const makeRoom = (before: number) => {
    for (let i = 0; i < PRUNES_A_REPORT; i++) {
      if (removeOld.run(flushed, PRUNE_ROWS, before).changes < PRUNE_ROWS) return true
    }
    return false
  }

  const checkpoint = () => {
    loggedBytes = 0
    copyLog.get()
  }

  return {
    append(group, now) {
      let bytes: number
      try {
        bytes = insertAll(group, now)
      } catch (error) {
        // If the disk is full, landed entries make room: their pages of the file are reused.
        if ((error as { code?: string }).code !== 'SQLITE_FULL') throw error
        makeRoom(Number.MAX_SAFE_INTEGER)
        bytes = insertAll(group, now)
      }
      waitingBytes += bytes
      loggedBytes += bytes
      oldestAt ??= now
    },
    loggedBytes: () => loggedBytes,
    checkpoint,
    landed(of, newPosition, newFlushed) {
      if (of !== journalId) return
      flushed = newFlushed
      // A restored store has a cursor that is behind.
      if (position === null || newPosition < position) {
        waitingBytes = bytesBetween.get(newPosition, Number.MAX_SAFE_INTEGER) as number
      } else waitingBytes -= bytesBetween.get(position, newPosition) as number
      position = newPosition
      oldestAt = (firstAfter.get(position) as number | undefined) ?? null
    },
    prune(now) {
      const pressed = usedBytes() > limits.maxBytes / 2
      if (!pressed && now - prunedAt < PRUNE_EVERY_MS) return
      if (makeRoom(pressed ? Number.MAX_SAFE_INTEGER : now - limits.keepLandedMs)) prunedAt = now
      sqlite.pragma(`incremental_vacuum(${PRUNE_PAGES})`)
      checkpoint()
    },
    rewrite(of, rows) {
      if (of !== journalId) return
      let more = 0
      sqlite.transaction(() => {
        for (const { id, body, events } of rows) {
          const bytes = Buffer.byteLength(body)
          if (position !== null && id > position) more += bytes - (bytesBetween.get(id - 1, id) as number)
          replace.run(body, events, bytes, id)
        }
      })()
      waitingBytes += more
      sqlite.pragma('wal_checkpoint(TRUNCATE)')
    },
    renew(of) {
      if (of !== journalId) return
      const id = randomUUID()
      const first = sqlite.prepare('select id from entries order by id limit 1').pluck().get() as number | undefined
      sqlite.transaction(() => {
        sqlite.prepare("update meta set value = ? where name = 'journal_id'").run(id)
        sqlite.prepare('delete from openings').run()
        open.run(first ?? newestOf(sqlite) + 1, randomUUID())
      })()
      journalId = id
      position = null
      flushed = 0
      waitingBytes = usedBytes()
    },
    backlog: () => ({ bytes: waitingBytes, oldestAt }),
    close() {
      // A reader that closes last cannot empty the log, in which entries that were pruned may still stand.
      try {
        sqlite.pragma('wal_checkpoint(TRUNCATE)')
      } finally {
        sqlite.close()
      }
    },
  }
}

/** Reads entries in order for landing. */
export type JournalReader = {
  /**
   * The journal's present id, the last number it gave out (0 at first), the first that was its own to give out, and the
   * first that it still holds or will give out.
   */
  identity(): { journalId: string; newest: number; first: number; oldest: number }
  /** The opening under which a number was given out; empty before the first. */
  openingOf(position: number): string
  /** Rows after `after`, until they hold `maxEvents` events or `READ_CHARS` characters, or there are no more. */
  read(after: number, maxEvents: number): JournalRow[]
  /** How many rows follow `after`, and when the first of them was appended. */
  waiting(after: number): { entries: number; oldestAt: number | null }
  /** When the last row was appended. */
  newestAt(): number | null
  close(): void
}

/** Opens the journal for reading beside its writer. */
export function openJournalReader(file: string): JournalReader {
  const sqlite = new BetterSqlite3(file, { readonly: true })
  const select = sqlite.prepare<[number], JournalRow>(
    'select id, at, body, events from entries where id > ? order by id',
  )
  const opening = sqlite
    .prepare('select id from openings where first_entry <= ? order by first_entry desc limit 1')
    .pluck()
  const first = sqlite.prepare('select min(first_entry) from openings').pluck()
  const held = sqlite.prepare('select min(id) from entries').pluck()
  // One snapshot, so that a renewal in between is seen either completely or not at all.
  const identity = sqlite.transaction(() => {
    const newest = newestOf(sqlite)
    const oldest = (held.get() as number | null) ?? newest + 1
    return { journalId: readJournalId(sqlite), newest, first: first.get() as number, oldest }
  })
  const oldestAfter = sqlite.prepare<[number], { id: number; at: number }>(
    'select id, at from entries where id > ? order by id limit 1',
  )
  const last = sqlite.prepare<[], number>('select at from entries order by id desc limit 1').pluck()
  return {
    identity: () => identity(),
    openingOf: (position) => (opening.get(position) as string | undefined) ?? '',
    read(after, maxEvents) {
      const rows: JournalRow[] = []
      let events = 0
      let chars = 0
      for (const row of select.iterate(after)) {
        rows.push(row)
        events += row.events
        chars += row.body.length
        if (events >= maxEvents || chars >= READ_CHARS) break
      }
      return rows
    },
    waiting(after) {
      const first = oldestAfter.get(after)
      // After the first row that has not landed, numbers have no gaps.
      return { entries: first ? newestOf(sqlite) - first.id + 1 : 0, oldestAt: first?.at ?? null }
    },
    newestAt: () => last.get() ?? null,
    close: () => sqlite.close(),
  }
}

function readJournalId(sqlite: BetterSqlite3.Database): string {
  return sqlite.prepare("select value from meta where name = 'journal_id'").pluck().get() as string
}

function newestOf(sqlite: BetterSqlite3.Database): number {
  const newest = sqlite.prepare("select seq from sqlite_sequence where name = 'entries'").pluck().get()
  return (newest as number | undefined) ?? 0
}
