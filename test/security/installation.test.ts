/**
 * A command works on the installation it was pointed at or on none: a mistyped DATA_DIR is an error and makes nothing, no
 * secret is invented beside the server's own, and the doctor asks the server of its own folder, whoever else answers.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Finding } from '../../server/ops/doctor.ts'
import { couture, startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let other: TestServer
const folder = mkdtempSync(join(tmpdir(), 'couture-keys-'))
const SECRET = 'a secret that is only in the environment'

beforeAll(async () => {
  const [one, two] = await Promise.all([
    startServer({ fromSources: true }),
    startServer({ env: { COUTURE_SECRET: SECRET } }),
  ])
  server = one
  other = two
})
afterAll(async () => {
  await server?.stop()
  await other?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const COMMANDS = [
  ['sites', 'list'],
  ['sites', 'create', '--id', 'shop', '--origin', 'https://shop.example'],
  ['keys', 'create', '--scopes', 'admin'],
  ['keys', 'list'],
  ['tokens', 'mint', '--site', 'demo', '--contacts', 'crm-1', '--message', 'letter'],
  ['import', 'contacts', 'customers.csv'],
  ['erase', 'crm-1'],
  ['backup', 'couture.backup'],
  ['restore', 'couture.backup'],
  ['copy', '--to', 'postgres://somebody@localhost:1/couture'],
  ['rebuild'],
  ['dead-letters'],
  ['trace', 'crm-1'],
  ['doctor'],
]

describe.each([
  ['a folder that does not exist', 'mistyped', () => {}],
  ['a folder that holds something else', 'documents', (path: string) => mkdirSync(path)],
])('in %s', (_, name, make) => {
  const dataDir = join(folder, name)
  beforeAll(() => make(dataDir))

  test.each(COMMANDS.map((args) => [args.join(' '), args] as const))(
    '%s says so and makes nothing',
    async (_, args) => {
      const before = existsSync(dataDir) ? readdirSync(dataDir) : null
      const { code, stdout, stderr } = await couture([...args], { ...process.env, DATA_DIR: dataDir })
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(
        new RegExp(
          `^there is no installation in DATA_DIR ${dataDir}; only .couture serve. and .couture init. make one`,
        ),
      )
      expect(existsSync(dataDir) ? readdirSync(dataDir) : null).toEqual(before)
    },
  )
})

test('a command invents no secret where the server has one in its environment', async () => {
  const env = { ...process.env, DATA_DIR: other.dataDir, PORT: String(other.port) }
  const { code, stderr } = await couture(['keys', 'list'], env)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^COUTURE_SECRET must be set as it is for the server: DATA_DIR \S+ holds no secret\n$/)
  expect(existsSync(join(other.dataDir, 'secret'))).toBe(false)
  expect((await couture(['keys', 'list'], { ...env, COUTURE_SECRET: SECRET })).code).toBe(0)
})

test('serve says where it makes a new installation, and only then', async () => {
  expect(server.output().stdout).toContain(`A new installation was made in DATA_DIR ${server.dataDir}\n`)
  const { dataDir, port } = other
  await other.stop({ wipe: false })
  other = await startServer({ dataDir, port, env: { COUTURE_SECRET: SECRET } })
  expect(other.output().stdout).not.toContain('new installation')
})

describe('the doctor', () => {
  const examine = async (env: Record<string, string>, ...args: string[]) => {
    const ran = await couture(['doctor', ...args, '--json'], { ...process.env, ...env })
    return (JSON.parse(ran.stdout) as Finding[]).find(({ what }) => what.includes('on this folder'))!
  }

  test('finds the server of its folder, whatever PORT says', async () => {
    const own = {
      state: 'ok',
      what: expect.stringContaining(`answers at http://127.0.0.1:${server.port} (process ${server.process.pid})`),
    }
    expect(await examine({ DATA_DIR: server.dataDir, PORT: String(server.port) })).toEqual(own)
    expect(await examine({ DATA_DIR: server.dataDir, PORT: String(other.port) })).toEqual(own)
  })

  test('does not take another server for its own', async () => {
    const copied = join(folder, 'copied')
    cpSync(server.dataDir, copied, { recursive: true })
    const found = await examine({ DATA_DIR: copied, PORT: String(server.port) })
    expect(found.state).toBe('note')
    expect(found.what).toContain(
      `no server is running on this folder; another one answers at http://127.0.0.1:${server.port}`,
    )
  })

  test('says that its own server does not answer, although another one does', async () => {
    server.process.kill('SIGSTOP')
    const found = await examine({ DATA_DIR: server.dataDir, PORT: String(other.port) }).finally(() =>
      server.process.kill('SIGCONT'),
    )
    expect(found.state).toBe('wrong')
    expect(found.what).toContain(`http://127.0.0.1:${server.port} nobody answers`)
  })
})
