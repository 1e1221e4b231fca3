/**
 * What a crash leaves at the end of a write-ahead log. The tests answer two questions:
 *
 * Is acknowledged data on the disk, and not only in the system's memory? A file system in a file is mounted, the server
 * runs on it, and the file is copied while the server is paused (SIGSTOP): the copy contains what was flushed and what
 * happened to be written back, like a disk after a power cut; the rest is only in the memory of the running system. A
 * server started on the copy must have every acknowledged event. (Only root may mount; otherwise the test is skipped
 * with its reason.)
 *
 * Does a torn end prevent a start? After kill -9 the files are torn as a disk may tear them: after the last committed
 * frame of journal.db-wal (never before it, since those frames were flushed before they were acknowledged) comes noise,
 * half a frame, or a whole one with a wrong checksum; couture.db-wal, which is not flushed at each commit, is truncated
 * anywhere after the frames that a checkpoint has used. Landing must catch up from the journal without loss or
 * duplicates.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createLedger, exactly, repeatOpen, sendLoad, tally, tallyText } from '../support/ledger.ts'
import { amount } from '../support/long.ts'
import { settled } from '../support/sender.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'

const ROUNDS = amount(3, 12)
const POWER_CUTS = amount(2, 6)

let server: TestServer | null = null
const undo: (() => void)[] = []
afterEach(async () => {
  await server?.kill()
  server = null
  for (const step of undo.splice(0).reverse()) step()
})

const HEADER = 32
const FRAME_HEADER = 24

/** The wal-index of a killed server: the bytes of committed frames, and of those that a checkpoint has used. */
function readIndex(database: string): { committed: number; used: number; frame: number } {
  // Two copies of a 48-byte header, then the checkpoint state; numbers are in the machine's byte order.
  const index = readFileSync(`${database}-shm`)
  const frame = FRAME_HEADER + index.readUInt16LE(14)
  const frames = index.readUInt32LE(16)
  const used = Math.max(index.readUInt32LE(96), index.readUInt32LE(128))
  return { committed: HEADER + frames * frame, used: HEADER + Math.min(used, frames) * frame, frame }
}

/** Damages the end of a log as a disk may do. Returns a description of the damage. */
function tear(database: string, from: 'committed' | 'used'): string {
  const wal = `${database}-wal`
  const index = readIndex(database)
  const frames = (index.committed - index[from]) / index.frame
  const cut = index.committed - randomInt(0, frames + 1) * index.frame
  const sample = readFileSync(wal).subarray(cut - index.frame, cut)
  truncateSync(wal, cut)
  rmSync(`${database}-shm`)
  const half = randomInt(1, index.frame)
  const wrong = Buffer.from(sample)
  if (wrong.length === index.frame) wrong[randomInt(FRAME_HEADER, wrong.length)]! ^= 0xff
  const [what, tail] = (
    [
      ['nothing', Buffer.alloc(0)],
      ['noise', randomBytes(randomInt(1, 3 * index.frame))],
      ['zeros', Buffer.alloc(randomInt(1, 3 * index.frame))],
      ['half a frame', sample.subarray(0, half)],
      ['a wrong frame', wrong],
    ] as const
  )[randomInt(0, 5)]!
  appendFileSync(wal, tail)
  return `${Math.round((index.committed - cut) / index.frame)} frames off, ${what} appended`
}

test(`torn ${ROUNDS} times after their flushed part, both logs are read up to there without loss or duplicates`, async () => {
  const port = await freePort()
  const ledger = createLedger()
  server = await startServer({ port })
  const { dataDir } = server
  undo.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const torn: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const sending = sendLoad(server, ledger, {})
    await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 400))
    await server.kill()
    await sending
    torn.push(`journal ${tear(`${dataDir}/journal.db`, 'committed')}; store ${tear(`${dataDir}/couture.db`, 'used')}`)
    server = await startServer({ port, dataDir })
  }
  await settled(server)
  const afterCrashes = tally(dataDir, ledger)
  console.log([...torn, tallyText('after the crashes', ledger, afterCrashes)].join('\n'))
  expect(afterCrashes).toMatchObject({ lost: 0, twice: 0, invented: 0 })
  expect(torn.some((each) => /store [1-9]/.test(each))).toBe(true)
  await repeatOpen(server, ledger)
  await settled(server)
  const result = tally(dataDir, ledger)
  expect(result).toEqual(exactly(result))
  // A torn end logs nothing.
  expect(server.output().stderr).toBe('')
}, 240_000)

/** Mounts a file system in a file; returns the reason as text if that is impossible here. */
function mountImage(image: string, at: string): string | null {
  mkdirSync(at)
  try {
    execFileSync('mount', ['-o', 'loop', image, at], { stdio: 'pipe' })
  } catch (error) {
    return `a file system in a file cannot be mounted here: ${(error as Error).message.split('\n')[1] ?? ''}`
  }
  undo.push(() => execFileSync('umount', [at], { stdio: 'pipe' }))
  return null
}

/** How many pages of a file were not yet on the disk when it was copied. */
function pagesThatDiffer(written: Buffer, copied: Buffer): number {
  let pages = 0
  for (let at = 0; at < written.length; at += 4096) {
    if (!written.subarray(at, at + 4096).equals(copied.subarray(at, at + 4096))) pages++
  }
  return pages
}

test(`${POWER_CUTS} power cuts lose nothing acknowledged`, async ({ skip }) => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return skip('only root on Linux may mount a file system')
  if (!['/sbin', '/usr/sbin', '/bin'].some((path) => existsSync(`${path}/mkfs.ext4`)))
    return skip('there is no mkfs.ext4')
  const folder = mkdtempSync(join(tmpdir(), 'couture-power-'))
  undo.push(() => rmSync(folder, { recursive: true, force: true }))
  let image = join(folder, 'image-0')
  execFileSync('truncate', ['-s', '192M', image])
  execFileSync('mkfs.ext4', ['-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image])
  const refusal = mountImage(image, join(folder, 'mount-0'))
  if (refusal !== null) return skip(refusal)
  const port = await freePort()
  const ledger = createLedger()
  let dataDir = join(folder, 'mount-0', 'data')
  const unflushed: number[] = []
  for (let round = 1; round <= POWER_CUTS; round++) {
    // A small journal removes landed entries at once, but not before they are on the store's disk.
    server = await startServer({ port, dataDir, env: { JOURNAL_MAX_BYTES: String(1024 ** 2) } })
    const sending = sendLoad(server, ledger, { bytes: 2000 })
    await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 700))
    // Everything acknowledged by now is in the ledger or on its way to it, and must be in the copy.
    server.process.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 100))
    const next = join(folder, `image-${round}`)
    cpSync(image, next)
    const written = readFileSync(`${dataDir}/couture.db-wal`)
    await server.kill()
    await sending
    image = next
    expect(mountImage(image, join(folder, `mount-${round}`))).toBeNull()
    dataDir = join(folder, `mount-${round}`, 'data')
    unflushed.push(pagesThatDiffer(written, readFileSync(`${dataDir}/couture.db-wal`)))
  }
  server = await startServer({ port, dataDir })
  await settled(server)
  const afterCuts = tally(dataDir, ledger)
  console.log(
    tallyText(
      `${POWER_CUTS} power cuts, which took ${unflushed.join(', ')} pages of the store's log`,
      ledger,
      afterCuts,
    ),
  )
  // The power cut is real: the store has lost its unflushed pages.
  expect(unflushed.some((pages) => pages > 0)).toBe(true)
  expect(afterCuts).toMatchObject({ lost: 0, twice: 0, invented: 0 })
  await repeatOpen(server, ledger)
  await settled(server)
  const result = tally(dataDir, ledger)
  expect(result).toEqual(exactly(result))
}, 240_000)
