/**
 * The journal: what was accepted, on disk before it is acknowledged.
 *
 * A SQLite file of its own with a random `journal_id`. One row holds a group of requests; its number only ever grows
 * (`autoincrement`: a plain rowid table that was emptied would begin at 1 again, and cursors would skip). Every open
 * sets `synchronous=FULL`, because a reopened WAL file is at NORMAL, under which a commit may be lost at a power cut.
 * One thread writes (`worker`); others may read.
 */
import { randomUUID } from 'node:crypto'
import BetterSqlite3 from 'better-sqlite3'

/** One row: a group of requests, each the JSON text of an `Entry`. */
export type JournalRow = { id: number; at: number; body: string; events: number }

/** How far the journal may grow, and how long entries stay after they landed. */
export type JournalLimits = { maxBytes: number; keepLandedMs: number }

/** The writing side. Used by the journal's own thread only. */
export type JournalWriter = {
  journalId: string
  /** Appends a group and returns when it is on disk. */
  append(bodies: string[], events: number, now: number): void
  /** Notes how far entries have landed; now and then removes what landed long ago or stands in the way of new ones. */
  landed(position: number, now: number): void
  /** Bytes of entries that have not landed. */
  backlogBytes(): number
  close(): void
}

const SCHEMA = `
  create table if not exists meta (name text primary key, value text not null);
  create table if not exists entries (
    id integer primary key autoincrement,
    at integer not null,
    events integer not null,
    bytes integer not null,
    body text not null
  );
`

/** Pruning writes too, so it is done at most this often. */
const PRUNE_EVERY_MS = 10_000

/** Pages that are given back at one pruning, 32 MiB: it holds up appends for some hundredths of a second. */
const PRUNE_PAGES = 8192

/** Rows of one deletion: it looks at no others, and holds up appends no longer than they do. */
const PRUNE_ROWS = 500

/** Opens the journal for writing, and makes it if it is not there. */
export function openJournal(file: string, limits: JournalLimits): JournalWriter {
  const sqlite = new BetterSqlite3(file)
  // Of a new file only: what was pruned is given back. And it is overwritten, so that no file holds it any more.
  sqlite.pragma('auto_vacuum = INCREMENTAL')
  sqlite.pragma('secure_delete = ON')
  sqlite.pragma('journal_size_limit = 67108864')
  sqlite.pragma('journal_mode = WAL')
  sqlite.pragma('synchronous = FULL')
  sqlite.exec(SCHEMA)
  sqlite.prepare("insert into meta values ('journal_id', ?) on conflict do nothing").run(randomUUID())
  const insert = sqlite.prepare('insert into entries (at, events, bytes, body) values (?, ?, ?, ?)')
  const oldest = 'select id from entries where id <= ? order by id limit ?'
  const removeOld = sqlite.prepare(`delete from entries where id in (${oldest}) and at < ?`)
  const backlog = sqlite.prepare('select id, bytes from entries where id > ? order by id')
  const usedBytes = () => {
    const [pages, free, size] = ['page_count', 'freelist_count', 'page_size'].map((name) =>
      Number(sqlite.pragma(name, { simple: true })),
    )
    return (pages! - free!) * size!
  }
  // What has not landed, oldest first. How far that is nobody knows before the first report.
  let waiting: { id: number; bytes: number }[] | null = null
  let waitingBytes = 0
  let prunedAt = 0

  const prune = (position: number, now: number) => {
    prunedAt = now
    const pressed = usedBytes() > limits.maxBytes / 2
    const before = pressed ? Number.MAX_SAFE_INTEGER : now - limits.keepLandedMs
    while (removeOld.run(position, PRUNE_ROWS, before).changes === PRUNE_ROWS);
    sqlite.pragma(`incremental_vacuum(${PRUNE_PAGES})`)
  }

  return {
    journalId: readJournalId(sqlite),
    append(bodies, events, now) {
      const body = `[${bodies.join(',')}]`
      const bytes = Buffer.byteLength(body)
      const id = Number(insert.run(now, events, bytes, body).lastInsertRowid)
      waiting?.push({ id, bytes })
      waitingBytes += bytes
    },
    landed(position, now) {
      if (waiting === null) {
        waiting = backlog.all(position) as { id: number; bytes: number }[]
        waitingBytes = waiting.reduce((sum, row) => sum + row.bytes, 0)
      }
      let landed = 0
      while (landed < waiting.length && waiting[landed]!.id <= position) waitingBytes -= waiting[landed++]!.bytes
      waiting.splice(0, landed)
      if (now - prunedAt >= PRUNE_EVERY_MS) prune(position, now)
    },
    backlogBytes: () => waitingBytes,
    close: () => sqlite.close(),
  }
}

/** Reads entries in order for landing. */
export type JournalReader = {
  journalId: string
  /** Rows after `after`, until they hold `maxEvents` events or there are no more. */
  read(after: number, maxEvents: number): JournalRow[]
  /** How many rows come after `after`, and when the first of them was appended. */
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
  const oldest = sqlite.prepare<[number], { id: number; at: number }>(
    'select id, at from entries where id > ? order by id limit 1',
  )
  const newest = sqlite.prepare<[], number>('select max(id) from entries').pluck()
  const last = sqlite.prepare<[], number>('select at from entries order by id desc limit 1').pluck()
  return {
    journalId: readJournalId(sqlite),
    read(after, maxEvents) {
      const rows: JournalRow[] = []
      let events = 0
      for (const row of select.iterate(after)) {
        rows.push(row)
        events += row.events
        if (events >= maxEvents) break
      }
      return rows
    },
    waiting(after) {
      const first = oldest.get(after)
      // Numbers have no gaps behind the first row that has not landed.
      return { entries: first ? newest.get()! - first.id + 1 : 0, oldestAt: first?.at ?? null }
    },
    newestAt: () => last.get() ?? null,
    close: () => sqlite.close(),
  }
}

function readJournalId(sqlite: BetterSqlite3.Database): string {
  return sqlite.prepare("select value from meta where name = 'journal_id'").pluck().get() as string
}
