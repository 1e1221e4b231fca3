/**
 * A full disk shared by the journal and the store. Under load requests get 503 once nothing can be written, never 202
 * for data that is not on disk; the server survives, even across a restart, and resumes by itself when there is room
 * again. Landing and deriving meet the full disk too, without losing anything.
 */
import { statSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { createLedger, exactly, type Ledger, repeatOpen, sendLoad, tally, tallyText } from '../support/ledger.ts'
import { settled } from '../support/sender.ts'
import { freePort, startRefused, startServer, type TestServer } from '../support/server.ts'
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts'

const DISK_MIB = 24

let server: TestServer | null = null
let disk: SmallDisk | null = null
afterEach(async () => {
  // The full disk is logged, as expected here.
  await server?.kill()
  disk?.remove()
})

/** Sends until the given number of requests has been refused; returns what the disk then contains. */
async function fill(on: TestServer, ledger: Ledger): Promise<void> {
  const before = ledger.waits
  const begun = performance.now()
  const until = () => ledger.waits > before + 300 || performance.now() - begun > 60_000
  await sendLoad(on, ledger, { bytes: 4000, pauseMs: 2, until })
  expect(ledger.waits).toBeGreaterThan(before + 300)
  const sizes = ['couture.db', 'couture.db-wal', 'journal.db', 'journal.db-wal'].map(
    (name) => `${name} ${(statSync(`${on.dataDir}/${name}`).size / 1024 ** 2).toFixed(1)} MiB`,
  )
  console.log(`the disk is full: ${sizes.join(', ')}`)
}

test('a full disk causes 503 without loss, and the server resumes when there is room', async ({ skip }) => {
  const mounted = mountSmallDisk(DISK_MIB)
  if (typeof mounted === 'string') return skip(mounted)
  disk = mounted
  const [dataDir, port] = [disk.path, await freePort()]
  const ledger = createLedger()
  server = await startServer({ dataDir, port })
  await fill(server, ledger)
  expect(server.process.exitCode).toBeNull()
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  // The journal's content goes into the store's log and then into its file, so there must be room for all three.
  disk.resize(4 * DISK_MIB)
  await repeatOpen(server, ledger)
  await settled(server)
  const whileRunning = tally(dataDir, ledger)
  console.log(tallyText('with room again', ledger, whileRunning))
  expect(whileRunning).toEqual(exactly(whileRunning))

  await fill(server, ledger)
  await server.kill()
  expect(await startRefused({ dataDir, port })).toEqual({
    code: 1,
    stdout: '',
    stderr: `the disk of DATA_DIR ${dataDir} is full; make room and start again\n`,
  })
  disk.resize(16 * DISK_MIB)
  server = await startServer({ dataDir, port })
  await settled(server)
  const afterKill = tally(dataDir, ledger)
  console.log(tallyText('killed on the full disk, and started with room', ledger, afterKill))
  expect(afterKill).toMatchObject({ lost: 0, twice: 0, invented: 0 })
  await repeatOpen(server, ledger)
  await settled(server)
  const result = tally(dataDir, ledger)
  console.log(tallyText('after the repeats', ledger, result))
  expect(result).toEqual(exactly(result))
}, 180_000)
