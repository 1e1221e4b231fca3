/**
 * Entries accepted but not landed are bounded in bytes on disk, in age, and in memory if the disk is slow. Past a
 * bound senders get 503 with `Retry-After` (the ledger checks every reply), nothing is dropped
 * silently, and collecting resumes by itself once landing does.
 *
 * Landing is blocked as in practice: another process holds the write lock of the store or of the journal.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { afterEach, expect, test } from 'vitest'
import { startJournal } from '../../server/journal/group-commit.ts'
import { openJournalReader } from '../../server/journal/journal.ts'
import { createLedger, exactly, repeatOpen, sendLoad, tally, tallyText } from '../support/ledger.ts'
import { amount } from '../support/long.ts'
import { batch, event, send, settled } from '../support/sender.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer | null = null
afterEach(async () => {
  // Blocked landing is logged as an error each second, as expected here.
  await server?.kill()
  if (server) rmSync(server.dataDir, { recursive: true, force: true })
  server = null
})

const MIB = 1024 ** 2
/** The journal's bound. */
const BOUND = amount(64, 256) * MIB

/** Under load heaps grow by half until they are collected; a backlog of 256 MiB in memory would be added to that. */
const MAX_GROWTH_MIB = 256

/** Takes the write lock of a database until it is released. */
function hold(file: string): { letGo: () => void } {
  const sqlite = new BetterSqlite3(file, { timeout: 10_000 })
  sqlite.exec('begin immediate')
  return {
    letGo() {
      sqlite.exec('rollback')
      sqlite.close()
    },
  }
}

/** The memory of the process, in MiB. */
function rssMib(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024)
}

const metric = async (name: string) =>
  Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await (await fetch(`${server!.url}/metrics`)).text())![1])

test('past the bound in bytes the server answers 503 with flat memory, and it collects again after landing', async () => {
  server = await startServer({ env: { JOURNAL_MAX_BYTES: String(BOUND) } })
  const { dataDir, process: child } = server
  const ledger = createLedger()
  let begun = performance.now()
  await sendLoad(server, ledger, { bytes: 20_000, until: () => performance.now() - begun > 1500 })
  await settled(server)
  const before = rssMib(child.pid!)
  const lock = hold(`${dataDir}/couture.db`)
  begun = performance.now()
  await sendLoad(server, ledger, {
    bytes: 20_000,
    until: () => ledger.waits > 200 || performance.now() - begun > 60_000,
  })
  const backlog = await metric('couture_journal_backlog_bytes')
  const during = rssMib(child.pid!)
  const ready = await fetch(`${server.url}/readyz`)
  console.log(`backlog ${Math.round(backlog / MIB)} MiB, memory ${before} MiB before it and ${during} MiB with it`)
  expect(ledger.waits).toBeGreaterThan(200)
  expect(backlog).toBeGreaterThan(BOUND)
  expect(backlog).toBeLessThan(BOUND + 4 * MIB)
  expect(during - before).toBeLessThan(MAX_GROWTH_MIB)
  expect(ready.status).toBe(503)
  expect(await ready.json()).toMatchObject({ code: 'not_ready', detail: 'the journal is full' })

  lock.letGo()
  await until(async () => (await fetch(`${server!.url}/readyz`)).ok, 'the server to be ready again', 60_000)
  const taken = ledger.acknowledged.length
  await repeatOpen(server, ledger)
  expect(ledger.acknowledged.length).toBeGreaterThan(taken)
  await settled(server, 60_000)
  const result = tally(dataDir, ledger)
  console.log(tallyText('the journal full', ledger, result))
  expect(result).toEqual(exactly(result))
  expect(await metric('couture_journal_backlog_bytes')).toBe(0)
  // Entries kept for a restore are removed when space is short.
  begun = performance.now()
  await until(async () => {
    await sendLoad(server!, ledger, { senders: 1, until: () => true })
    await send(server!, batch([event('page')], { visitor: 'presses-aaaaaaaaaaaaaa' }))
    const journal = new BetterSqlite3(`${dataDir}/journal.db`, { readonly: true })
    const held = journal.prepare('select coalesce(sum(bytes), 0) from entries').pluck().get() as number
    journal.close()
    return held < BOUND / 2
  }, 'landed entries to make room')
  expect(statSync(`${dataDir}/journal.db`).size).toBeLessThan(2 * BOUND)
}, 180_000)

test('with a slow disk the requests waiting in memory are bounded, and all of them are accepted in the end', async () => {
  server = await startServer()
  const { dataDir } = server
  const { key } = await server.cli<{ key: string }>('keys', 'create', '--scopes', 'events:write')
  const props = { text: 'x'.repeat(30_000) }
  const body = (n: number) =>
    JSON.stringify(
      batch(
        Array.from({ length: 30 }, () => event('page', 0, props)),
        { visitor: `slow-${String(n).padStart(17, '0')}` },
      ),
    )
  const bodies = Array.from({ length: 110 }, (_, n) => body(n))
  const mib = Math.round(bodies.reduce((sum, each) => sum + each.length, 0) / MIB)
  const lock = hold(`${dataDir}/journal.db`)
  const sent = bodies.map((each) => send(server!, each, { authorization: `Bearer ${key}` }))
  let refused = 0
  for (const each of sent) {
    each.then((response) => {
      if (response.status === 503 && Number(response.headers.get('retry-after')) > 0) refused++
    })
  }
  // 64 MiB wait for the disk while a group is being written; anything beyond that is refused.
  const places = Math.ceil((66 * MIB) / bodies[0]!.length)
  await until(() => refused >= bodies.length - places, 'all other requests to be refused')
  const readiness = await fetch(`${server.url}/readyz`)
  expect([readiness.status, await readiness.text()]).toEqual([503, expect.stringContaining('its disk may hang')])
  lock.letGo()
  const statuses = (await Promise.all(sent)).map((response) => response.status)
  const taken = statuses.filter((status) => status === 202).length
  await settled(server)
  const store = new BetterSqlite3(`${dataDir}/couture.db`, { readonly: true })
  const stored = store.prepare("select count(*) from events where visitor_id like 'slow-%'").pluck().get()
  store.close()
  console.log(
    `${mib} MiB sent at once: ${taken} of ${bodies.length} requests accepted, ${refused} refused, ${stored} events stored`,
  )
  expect(taken + refused).toBe(bodies.length)
  expect(taken).toBeGreaterThan(0)
  expect(stored).toBe(taken * 30)
})

const HOUR = 3600_000

function fails(message: string): void {
  throw new Error(message)
}

/** A journal without its thread, so that the test can set a bound in milliseconds instead of hours. */
function openOwn(now: () => number, onMaintenanceFailed = fails) {
  const folder = mkdtempSync(join(tmpdir(), 'couture-test-'))
  const file = join(folder, 'journal.db')
  const journal = startJournal({
    file,
    maxBytes: 1024 ** 3,
    maxAgeMs: 72 * HOUR,
    keepLandedMs: 24 * HOUR,
    now,
    onMaintenanceFailed,
  })
  const append = (text: string) => new Promise<string | null>((resolve) => journal.append([text], 1, resolve))
  const reader = openJournalReader(file)
  const remove = () => {
    reader.close()
    journal.close()
    rmSync(folder, { recursive: true })
  }
  return { file, journal, append, reader, remove }
}

test('concurrent requests are written together, as bounded rows of whole requests', async () => {
  const { append, reader, remove } = openOwn(() => 1000)
  const texts = Array.from({ length: 100 }, (_, n) => JSON.stringify(`${n} ${'x'.repeat(6000)}`))
  const refusals = await Promise.all(texts.map(append))
  expect(refusals.filter((refusal) => refusal !== null)).toEqual([])
  const rows = reader.read(0, 1000)
  expect(rows.flatMap((row) => JSON.parse(row.body) as string[])).toEqual(texts.map((text) => JSON.parse(text)))
  expect(rows.map((row) => row.events)).toEqual(rows.map((row) => JSON.parse(row.body).length))
  expect(rows.length).toBeGreaterThan(5)
  expect(Math.max(...rows.map((row) => row.body.length))).toBeLessThan(80_000)
  remove()
})

test('the log is copied into the file in small steps as it grows', async () => {
  const { file, append, remove } = openOwn(() => 1000)
  const big = JSON.stringify('x'.repeat(60_000))
  for (let n = 0; n < 700; n++) expect(await append(big)).toBeNull()
  // 42 MB went through a log that never exceeded its limit for a disk that is slow to flush.
  expect(statSync(file).size).toBeGreaterThan(20e6)
  expect(statSync(`${file}-wal`).size).toBeLessThan(22e6)
  remove()
})

test('closing right after a long group succeeds', async () => {
  const failures: string[] = []
  const { append, remove } = openOwn(
    () => 1000,
    (message) => failures.push(message),
  )
  const appended = Promise.all(Array.from({ length: 40 }, () => append(JSON.stringify('x'.repeat(60_000)))))
  remove()
  expect((await appended).filter((refusal) => refusal !== null)).toEqual([])
  await new Promise((resolve) => setImmediate(resolve))
  expect(failures).toEqual([])
})

test('past the bound in age the journal refuses entries until something is landed', async () => {
  let time = 1_000_000
  const { journal, append, reader, remove } = openOwn(() => time)
  const { journalId } = reader.identity()
  expect(await append('"first"')).toBeNull()
  time += 71 * HOUR
  expect(await append('"second"')).toBeNull()
  time += 2 * HOUR
  expect(await append('"third"')).toBe('nothing has been landed for too long')
  expect(journal.state().refusing).toBe('nothing has been landed for too long')
  // The first is landed, so the oldest waiting entry is two hours old.
  journal.landed(journalId, 1, 1)
  await until(() => journal.state().refusing === null, 'the journal to accept entries again')
  expect(await append('"third"')).toBeNull()
  // Landed entries are not removed before their time, and waiting ones never are.
  expect(reader.read(0, 10).map((row) => row.id)).toEqual([2, 3])
  journal.landed(journalId, 3, 2)
  time += 25 * HOUR
  journal.landed(journalId, 3, 3)
  await until(() => reader.read(0, 10).length === 0, 'entries landed long ago to be removed')
  expect(await append('"fourth"')).toBeNull()
  expect(reader.read(0, 10).map((row) => row.id)).toEqual([4])
  remove()
})
