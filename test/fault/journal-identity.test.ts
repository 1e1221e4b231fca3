/**
 * The journal's numbers and the store's cursor after files were lost, restored from a backup, or copied. Numbers
 * used twice must not make landing skip entries: entries accepted after a restore are landed, entries that the journal
 * still has are landed again and count once, and lost entries are logged with their numbers.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openJournal, openJournalReader } from '../../server/journal/journal.ts'
import { landBatch } from '../../server/land/land.ts'
import { createKeyring } from '../../server/ops/keyring.ts'
import { createSqliteStore } from '../../server/store/engine/sqlite.ts'
import { migrate } from '../../server/store/migrate.ts'
import { createLedger, exactly, type Ledger, sendLoad, tally, tallyText } from '../support/ledger.ts'
import { settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer | null = null
const folders: string[] = []
/** The folders of the history that all cases begin with. */
const histories: string[] = []
const removeAll = (list: string[]) => {
  for (const folder of list.splice(0)) rmSync(folder, { recursive: true, force: true })
}
afterEach(async () => {
  // Its warnings are part of the test.
  await server?.kill()
  server = null
  removeAll(folders)
})
afterAll(() => removeAll(histories))

function newFolder(list = folders): string {
  const folder = mkdtempSync(join(tmpdir(), 'couture-test-'))
  list.push(folder)
  return folder
}

/** A file and its SQLite side files. */
function filesOf(dataDir: string, name: string): string[] {
  return readdirSync(dataDir).filter((each) => each === name || each.startsWith(`${name}-`))
}

/** Deletes a database while its server is down. */
function remove(dataDir: string, name: string): void {
  for (const file of filesOf(dataDir, name)) rmSync(join(dataDir, file))
}

/** Moments of one server's history: after so many requests, all of them landed, and with the server down. */
type Moment = 'unused' | 'after 4' | 'after 7' | 'after 10'
type Kept = { folder: string; ledger: Ledger }
const kept = new Map<Moment, Kept>()
const keptAt = (moment: Moment): Kept => kept.get(moment)!

beforeAll(async () => {
  const folder = newFolder(histories)
  const ledger = createLedger()
  const play: [Moment, number][] = [
    ['unused', 0],
    ['after 4', 4],
    ['after 7', 3],
    ['after 10', 3],
  ]
  for (const [moment, requests] of play) {
    await live(folder, ledger, requests)
    const copy = newFolder(histories)
    cpSync(folder, copy, { recursive: true })
    kept.set(moment, { folder: copy, ledger: structuredClone(ledger) })
  }
})

/** Replaces a database, while its server is down, by its backup of a moment. */
function restore(dataDir: string, name: string, moment: Moment): void {
  remove(dataDir, name)
  const { folder } = keptAt(moment)
  for (const file of filesOf(folder, name)) cpSync(join(folder, file), join(dataDir, file))
}

/** Runs a server that accepts requests one after the other and stops. Returns its log. */
async function live(dataDir: string, ledger: Ledger, requests: number): Promise<string> {
  server = await startServer({ dataDir })
  let left = requests
  await sendLoad(server, ledger, { senders: 1, until: () => left-- <= 0 })
  await settled(server)
  await server.stop({ wipe: false }).catch(() => {})
  const { stderr } = server.output()
  server = null
  return stderr
}

type Case = {
  name: string
  /** The moment at which the damage is done. */
  at: Moment
  /** Does the damage and runs a server, with requests of three events each. Returns its log. */
  play: (dataDir: string, ledger: Ledger) => Promise<string>
  logged: RegExp | null
  /** Acknowledged events that are lost because no file contains them any more. */
  lost: number
}

const CASES: Case[] = [
  {
    name: 'a plain restart logs nothing',
    at: 'after 4',
    play: (dataDir, ledger) => live(dataDir, ledger, 3),
    logged: null,
    lost: 0,
  },
  {
    name: 'after the loss of the journal a new one starts, collecting continues, and the log says from where entries may be lost',
    at: 'after 4',
    play(dataDir, ledger) {
      remove(dataDir, 'journal.db')
      return live(dataDir, ledger, 3)
    },
    logged: /journal\.db is new to the store, which knows 1 other, the furthest landed up to entry 4/,
    lost: 0,
  },
  {
    name: 'the loss of the journal is logged at the start, before anything is accepted',
    at: 'after 7',
    play(dataDir, ledger) {
      remove(dataDir, 'journal.db')
      return live(dataDir, ledger, 0)
    },
    logged: /journal\.db is new to the store, which knows 1 other, the furthest landed up to entry 7/,
    lost: 0,
  },
  {
    name: 'the loss of an unused journal loses nothing',
    at: 'unused',
    play(dataDir, ledger) {
      remove(dataDir, 'journal.db')
      return live(dataDir, ledger, 3)
    },
    logged: null,
    lost: 0,
  },
  {
    name: 'a restored journal that is still behind the cursor is landed',
    at: 'after 10',
    play(dataDir, ledger) {
      restore(dataDir, 'journal.db', 'after 4')
      return live(dataDir, ledger, 2)
    },
    logged: /landed up to entry 10, but that is not the entry/,
    lost: 0,
  },
  {
    name: 'a restored journal that outgrew the cursor before landing noticed is landed',
    at: 'after 10',
    async play(dataDir, ledger) {
      restore(dataDir, 'journal.db', 'after 4')
      // Landing cannot reach the store at first, and collecting continues without it.
      const store = new BetterSqlite3(`${dataDir}/couture.db`)
      store.exec('alter table cursors rename to cursors_away')
      server = await startServer({ dataDir })
      let left = 12
      await sendLoad(server, ledger, { senders: 1, until: () => left-- <= 0 })
      store.exec('alter table cursors_away rename to cursors')
      store.close()
      await settled(server)
      return server.output().stderr
    },
    logged: /landed up to entry 10, but that is not the entry/,
    lost: 0,
  },
  {
    name: 'after a restore of the store the entries in the journal are landed again',
    at: 'after 10',
    play(dataDir, ledger) {
      restore(dataDir, 'couture.db', 'after 4')
      return live(dataDir, ledger, 3)
    },
    logged: null,
    lost: 0,
  },
  {
    name: 'a restored store older than the journal’s entries has a gap that is logged',
    at: 'after 10',
    play(dataDir, ledger) {
      restore(dataDir, 'couture.db', 'after 4')
      const journal = new BetterSqlite3(`${dataDir}/journal.db`)
      journal.exec('delete from entries where id <= 7')
      journal.close()
      return live(dataDir, ledger, 3)
    },
    logged: /entries 5 to 7 of the journal \(3 groups of requests\) were not landed/,
    lost: 9,
  },
  {
    name: 'a restored store with an empty journal has a gap that is logged',
    at: 'after 10',
    play(dataDir, ledger) {
      restore(dataDir, 'couture.db', 'after 4')
      const journal = new BetterSqlite3(`${dataDir}/journal.db`)
      journal.exec('delete from entries')
      journal.close()
      return live(dataDir, ledger, 0)
    },
    logged: /entries 5 to 10 of the journal \(6 groups of requests\) were not landed/,
    lost: 18,
  },
  {
    name: 'a restored store whose cursor is ahead of an older restored journal loses only what neither file contains',
    at: 'after 10',
    play(dataDir, ledger) {
      restore(dataDir, 'journal.db', 'after 4')
      restore(dataDir, 'couture.db', 'after 7')
      return live(dataDir, ledger, 4)
    },
    logged: /landed up to entry 7, but that is not the entry/,
    // Neither file contains the three requests after the store's backup.
    lost: 9,
  },
]

test.each(CASES.map((each) => [each.name, each] as const))('%s', async (name, { at, play, logged, lost }) => {
  const dataDir = newFolder()
  cpSync(keptAt(at).folder, dataDir, { recursive: true })
  const ledger = structuredClone(keptAt(at).ledger)
  const stderr = await play(dataDir, ledger)
  const result = tally(dataDir, ledger)
  console.log(tallyText(name.split(':')[0]!, ledger, result))
  if (lost === 0) expect(result).toEqual(exactly(result))
  else expect(result).toMatchObject({ lost, twice: 0, invented: 0, stored: result.acknowledged - lost })
  const said = stderr.split('\n').filter((line) => /entry|entries/.test(line))
  if (logged === null) expect(said).toEqual([])
  else {
    expect(said).toHaveLength(1)
    expect(said[0]).toMatch(logged)
    expect(JSON.parse(said[0]!).level).toBe(40)
  }
})

test('of two machines with copies of one folder and one store, the second takes a new journal id, and nothing is skipped', async () => {
  // Two journals with one id are landed in turn into one store, like collectors that share a database.
  const folder = newFolder()
  const limits = { maxBytes: 1024 ** 3, keepLandedMs: 3600_000 }
  const entry = (visitor: string) =>
    JSON.stringify({
      ...{ request: visitor, site: 'demo', visitor, received_at: 1000, keyed: false },
      consent: { id: 'c', analytics: true, identity: true, marketing: true, source: 'manual', at: 1000 },
      events: [{ id: 'only', type: 'page', at: 1000 }],
    })
  const file = (name: string) => join(folder, `${name}.db`)
  const first = openJournal(file('a'), limits)
  first.append([{ body: `[${entry('before-the-copy')}]`, events: 1 }], 1000)
  first.close()
  cpSync(file('a'), file('b'))
  const db = createSqliteStore(join(folder, 'couture.db'))
  await migrate(db)
  const { tombstone } = createKeyring('a secret of the tests')
  const describeAgent = () => ({ device: 'desktop', browser: null, os: null })
  const machines = ['a', 'b'].map((name) => {
    const writer = openJournal(file(name), limits)
    const reader = openJournalReader(file(name))
    const land = async () => {
      const landed = await landBatch({
        db,
        journal: reader,
        describeAgent,
        tombstone,
        removeErased: async () => {},
        unread: () => {},
        now: () => 1000,
      })
      const foreign = landed.notices.some((notice) => notice.kind === 'foreign cursor')
      if (foreign) writer.renew(landed.journalId)
      return foreign ? 'renewed' : landed.events
    }
    return { name, writer, land, reader }
  })
  const [a, b] = machines as [(typeof machines)[0], (typeof machines)[0]]
  const outcomes: unknown[] = []
  for (let round = 0; round < 3; round++) {
    for (const machine of machines)
      machine.writer.append([{ body: `[${entry(`${machine.name}-${round}`)}]`, events: 1 }], 1000)
    for (const machine of machines) outcomes.push(await machine.land(), await machine.land())
  }
  const visitors = (await db.selectFrom('events').select('visitor_id').orderBy('visitor_id').execute()).map(
    (row) => row.visitor_id,
  )
  expect(outcomes).toEqual([2, 0, 'renewed', 2, 1, 0, 1, 0, 1, 0, 1, 0])
  expect(visitors).toEqual(['a-0', 'a-1', 'a-2', 'b-0', 'b-1', 'b-2', 'before-the-copy'])
  expect(a.reader.identity().journalId).not.toBe(b.reader.identity().journalId)
  for (const { writer, reader } of machines) {
    reader.close()
    writer.close()
  }
  await db.destroy()
  expect(existsSync(file('a'))).toBe(true)
})

test('waiting rows are counted at their size after an erasure has shortened them', () => {
  const file = join(newFolder(), 'journal.db')
  const journal = openJournal(file, { keepLandedMs: 1000, maxBytes: 1_000_000 })
  const reader = openJournalReader(file)
  const { journalId } = reader.identity()
  journal.append([{ body: '["a first request"]', events: 1 }], 1000)
  journal.landed(journalId, 0, 0)
  journal.append([{ body: '["a second request"]', events: 1 }], 1000)
  journal.rewrite(journalId, [{ id: 1, body: '[]', events: 0 }])
  expect(journal.backlog().bytes).toBe('[]'.length + '["a second request"]'.length)
  journal.landed(journalId, 2, 2)
  expect(journal.backlog().bytes).toBe(0)
  reader.close()
  journal.close()
})
