/**
 * One server per data folder. A second one refuses with one sentence and changes nothing, commands work while the first
 * runs, and a killed server does not block the next one. A damaged file stops a start with one sentence.
 */
import { createHash } from 'node:crypto'
import {
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, describe, expect, test } from 'vitest'
import { event, sendAll, settled } from '../support/sender.ts'
import { freePort, startRefused, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
afterAll(() => server?.stop())

/** The parts of a store that a start could change: schema, keys and sites. */
function contentOf(dataDir: string): string {
  const store = new BetterSqlite3(`${dataDir}/couture.db`, { readonly: true })
  const rows = ['sqlite_master', 'api_keys', 'sites', 'meta', 'segments'].map((table) =>
    store.prepare(`select * from ${table} order by 1, 2`).all(),
  )
  store.close()
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex')
}

describe('a data folder', () => {
  test('serves one server: a second one names its owner, exits with 1, and changes nothing', async () => {
    server = await startServer()
    const { dataDir } = server
    await sendAll(server, 'first-aaaaaaaaaaaaaaaa', [event('page')])
    await settled(server)
    const before = contentOf(dataDir)
    const second = await startRefused({ dataDir, port: await freePort() })
    expect(second).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        new RegExp(
          `^DATA_DIR ${dataDir} is in use by process ${server.process.pid} on \\S+; stop that server first[^\n]*\n$`,
        ),
      ),
    })
    expect(contentOf(dataDir)).toBe(before)
    await sendAll(server, 'first-aaaaaaaaaaaaaaaa', [event('page')])
  })

  test('can be used by commands while the server runs', async () => {
    await expect(server.cli('keys', 'create', '--scopes', 'matches:read')).resolves.toHaveProperty('key')
    await expect(server.cli('sites', 'list')).resolves.toHaveLength(1)
  })

  test('is free again once its server has been killed or has exited', async () => {
    const { dataDir, port } = server
    await server.kill()
    server = await startServer({ dataDir, port })
    await server.stop({ wipe: false })
    server = await startServer({ dataDir, port })
    await sendAll(server, 'first-aaaaaaaaaaaaaaaa', [event('page')])
  })
})

describe('a damaged file stops the start with one sentence that names it', () => {
  /** Overwrites part of a file. */
  const scratch = (file: string, from: number, bytes: number) => {
    const fd = openSync(file, 'r+')
    writeSync(fd, Buffer.alloc(bytes, 0xa5), 0, bytes, from)
    closeSync(fd)
  }
  test.each([
    ['couture.db', 'its head', (file: string) => scratch(file, 0, 100)],
    ['couture.db', 'its pages', (file: string) => scratch(file, 100, Math.min(400_000, statSync(file).size - 100))],
    ['journal.db', 'its head', (file: string) => scratch(file, 0, 100)],
    ['journal.db', 'its pages', (file: string) => scratch(file, 100, statSync(file).size - 100)],
  ])('%s: %s', async (name, _, damage) => {
    await settled(server)
    const dataDir = mkdtempSync(join(tmpdir(), 'couture-test-'))
    const store = new BetterSqlite3(`${server.dataDir}/${name}`)
    store.pragma('wal_checkpoint(truncate)')
    store.close()
    for (const each of ['couture.db', 'journal.db', 'secret']) {
      if (existsSync(join(server.dataDir, each))) cpSync(join(server.dataDir, each), join(dataDir, each))
    }
    damage(join(dataDir, name))
    const { code, stderr } = await startRefused({ dataDir, port: await freePort() })
    expect(code).toBe(1)
    expect(stderr).toMatch(new RegExp(`^${join(dataDir, name)} is damaged \\([^\n]+\\); [^\n]+\n$`))
    expect(readFileSync(join(dataDir, 'secret')).length).toBeGreaterThan(0)
    rmSync(dataDir, { recursive: true })
  })
})
