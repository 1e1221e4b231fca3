/**
 * The invariant "2xx = durable": a server killed while it accepts events has every event that it acknowledged, once,
 * after a restart; and a sender that repeats unacknowledged events, as the tag does, causes no duplicates.
 *
 * It is killed at random moments: while it sets up an empty folder, at later starts, under load, and a moment after
 * the load has ended, when it lands or derives the rest. The unfinished work shows where it was killed.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, expect, test } from 'vitest'
import { ask } from '../support/ask.ts'
import { createLedger, exactly, repeatOpen, sendLoad, tally, tallyText } from '../support/ledger.ts'
import { amount } from '../support/long.ts'
import { settled } from '../support/sender.ts'
import { freePort, serverArguments, startServer, type TestServer } from '../support/server.ts'

const ROUNDS = amount(6, 50)

/** This many first rounds are killed while the folder is empty or half set up, then every so many-th at its start. */
const FIRST_STARTS = amount(2, 5)
const KILL_A_START = amount(5, 8)

let server: TestServer
afterAll(() => server?.stop())

/** Where a server was killed, shown by its unfinished work: acknowledged but not landed, or landed but not derived. */
function leftUndone(dataDir: string): string {
  const store = new BetterSqlite3(`${dataDir}/couture.db`)
  const journal = new BetterSqlite3(`${dataDir}/journal.db`)
  const newest = journal
    .prepare("select coalesce(max(seq), 0) from sqlite_sequence where name = 'entries'")
    .pluck()
    .get()
  const landed = store.prepare('select coalesce(max(position), 0) from cursors').pluck().get()
  const dirty = store
    .prepare('select (select count(*) from dirty_visitors) + (select count(*) from dirty_persons)')
    .pluck()
    .get()
  store.close()
  journal.close()
  if (newest !== landed) return 'before landing'
  return dirty === 0 ? 'with nothing left to do' : 'before deriving'
}

test(`killed ${ROUNDS} times under load, a server keeps every acknowledged event once`, async () => {
  const port = await freePort()
  const ledger = createLedger()
  const moments: Record<string, number> = {}
  const count = (moment: string) => {
    moments[moment] = (moments[moment] ?? 0) + 1
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'couture-test-'))
  const bundled = await ask('product', null)
  for (let round = 0; round < ROUNDS; round++) {
    if (round < FIRST_STARTS || round % KILL_A_START === 0) {
      const { command, args, options } = serverArguments({ port, dataDir }, bundled)
      const starting = spawn(command, args, { ...options, stdio: 'ignore' })
      const gone = new Promise((resolve) => starting.once('exit', resolve))
      await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 500))
      starting.kill('SIGKILL')
      await gone
      count(round < FIRST_STARTS ? 'at its first start' : 'at its start')
      continue
    }
    server = await startServer({ port, dataDir })
    const killAt = performance.now() + 50 + Math.random() * 250
    const stopAt = round % 2 === 0 ? killAt - 80 * Math.random() : Number.POSITIVE_INFINITY
    const sending = sendLoad(server, ledger, { until: () => performance.now() > stopAt })
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, killAt - performance.now())))
    await server.kill()
    await sending
    count(leftUndone(dataDir))
  }
  server = await startServer({ port, dataDir })
  await settled(server)
  const afterKills = tally(dataDir, ledger)
  console.log(tallyText(`${ROUNDS} kills (${JSON.stringify(moments)})`, ledger, afterKills))
  expect(ledger.acknowledged.length).toBeGreaterThan(ROUNDS)
  expect(afterKills).toMatchObject({ lost: 0, twice: 0, invented: 0 })

  await repeatOpen(server, ledger)
  await settled(server)
  const afterRetries = tally(dataDir, ledger)
  console.log(tallyText('after the repeats', ledger, afterRetries))
  expect(afterRetries).toEqual(exactly(afterRetries))
}, 300_000)
