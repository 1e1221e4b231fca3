/**
 * An installation's files are their owner's only, in whatever folder and under whatever umask: the database with the
 * files beside it, secrets, backups, restored stores, dry runs and lists of rejected rows. The doctor says where they are
 * not.
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Finding } from '../../server/ops/doctor.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { couture, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
/** Open to everybody, as a shared folder is. */
const folder = mkdtempSync(join(tmpdir(), 'couture-keys-'))
const dataDir = join(folder, 'data', 'couture')
const earlier = process.umask(0)

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

/** The files below a folder that others may read or write. */
function open(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => (statSync(file).mode & 0o077) !== 0)
}

beforeAll(async () => {
  chmodSync(folder, 0o777)
  server = await startServer({ dataDir })
  await sendAll(server, 'visitor-aaaaaaaaaaaaaaaaa', [event('page')])
  await settled(server)
})
afterAll(async () => {
  process.umask(earlier)
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('a server keeps its files and new folders to itself, although it may make them open', () => {
  expect(readdirSync(dataDir)).toEqual(
    expect.arrayContaining(['couture.db', 'couture.db-wal', 'couture.db-shm', 'journal.db', 'journal.db-wal', 'lock']),
  )
  expect(open(folder)).toEqual([])
  expect(modeOf(dataDir)).toBe('700')
  expect(modeOf(join(folder, 'data'))).toBe('700')
})

test('so do commands: backups, dry runs, and lists of rejected rows that were there before', async () => {
  const [backup, list, csv] = ['backup', 'rejected.csv', 'customers.csv'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await server.cli('backup', backup)
  writeFileSync(csv, 'id,email\ncrm-1,jp@example.com\ncrm-2,no address\n')
  writeFileSync(list, '')
  await server.cli('import', 'contacts', csv, '--dry-run')
  await server.cli('import', 'contacts', csv, '--rejected', list)
  expect([modeOf(backup), modeOf(list)]).toEqual(['600', '600'])
  expect(open(folder)).toEqual([csv])
})

test('a start mends what an earlier version left open, and a restore what somebody copied', async () => {
  await server.stop({ wipe: false })
  for (const name of ['couture.db', 'journal.db', 'sites.json', 'secret']) chmodSync(join(dataDir, name), 0o644)
  writeFileSync(join(dataDir, 'notes.txt'), 'of somebody else')
  server = await startServer({ dataDir, port: server.port })
  expect(open(dataDir)).toEqual([join(dataDir, 'notes.txt')])
  await server.stop({ wipe: false })
  chmodSync(join(folder, 'backup'), 0o666)
  await server.cli('restore', join(folder, 'backup'))
  expect(open(dataDir)).toEqual([join(dataDir, 'notes.txt')])
})

test('the doctor says which files are open, and how to mend it', async () => {
  const examine = async () => {
    const { stdout } = await couture(['doctor', '--json'], { ...process.env, DATA_DIR: dataDir })
    return (JSON.parse(stdout) as Finding[]).filter(({ what }) => what.includes('chmod'))
  }
  expect(await examine()).toEqual([])
  for (const name of ['couture.db', 'journal.db', 'secret']) chmodSync(join(dataDir, name), 0o640)
  chmodSync(dataDir, 0o755)
  const path = (name: string) => join(dataDir, name)
  const found = await examine()
  // SQLite gives the files beside a database the mode of the database.
  expect(found.map(({ what }) => what)).toEqual(
    expect.arrayContaining(
      ['couture.db', 'couture.db-wal', 'journal.db', 'secret'].map(
        (name) => `${path(name)} can be read by others; run chmod 600 on it`,
      ),
    ),
  )
  expect(found.at(-1)).toEqual({
    state: 'note',
    what: `others can list the files in ${dataDir}; run chmod 700 on it`,
  })
  chmodSync(dataDir, 0o777)
  expect((await examine()).at(-1)).toEqual({
    state: 'wrong',
    what: `others can replace the files in ${dataDir}; run chmod 700 on it`,
  })
  chmodSync(dataDir, 0o700)
})
