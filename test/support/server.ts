/**
 * A real server for a test with its own process, folder and port, used over HTTP. Its clock can be
 * moved, so that a story of days plays in seconds. What it logs as an error fails the test that caused it.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask, isShared, type Ran } from './ask.ts'
import { freePort } from './port.ts'
import { PRELOADS, preloading, ROOT, reusing } from './process.ts'
import { createProofs, type Proofs } from './proof.ts'
import { openStore, type Query, type TestStore } from './store.ts'

export { freePort }

/**
 * How a server is started. `clockMs`: how far its clock is ahead of the real one; negative for the past. `movable`: its
 * clock can be set while it runs. `flushMs`: how much slower its disk is to flush the journal. `fromSources`: as an
 * installation starts, not bundled and with a store of its own making.
 */
export type ServerOptions = {
  dataDir?: string
  port?: number
  clockMs?: number
  movable?: boolean
  flushMs?: number
  fromSources?: boolean
  env?: Record<string, string>
}

/** A running server. */
export type TestServer = Proofs & {
  url: string
  port: number
  dataDir: string
  process: ChildProcess
  /** The URL of its store, for another server on the same one; null for SQLite in its folder. */
  databaseUrl: string | null
  /** The environment that a command needs, besides the folder, to find its store. */
  storeEnv: Record<string, string>
  /** Reads rows of its store directly. */
  query: Query
  /** The same for work that reads often. */
  reading: TestStore['reading']
  /** Runs a statement that changes its store. */
  change(sql: string, ...values: unknown[]): Promise<void>
  /** The names of the store's tables. */
  tables(): Promise<string[]>
  /** The output of its start, and its log so far. */
  output(): { stdout: string; stderr: string }
  /** Runs a `couture … --json` command on its folder and returns what it printed. */
  cli<T = unknown>(...args: string[]): Promise<T>
  /** A call with a key of every scope. */
  api(path: string, init?: RequestInit): Promise<Response>
  /** The same, parsed as JSON; throws for a status other than 200. */
  get<T = any>(path: string): Promise<T>
  /** Posts JSON and returns the reply's JSON; throws for a status other than 2xx. */
  post<T = any>(path: string, body: unknown): Promise<T>
  /** Sets the clock of a `movable` server this far ahead of the real one, and waits until its threads have noticed. */
  setClock(clockMs: number): Promise<void>
  /** Stops it like an operator. `wipe` removes its folder too. */
  stop(options?: { wipe?: boolean }): Promise<void>
  /** `kill -9`. */
  kill(): Promise<void>
}

/** The file that says how far a movable server's clock is ahead; not in the server's folder, which tests search. */
const clockOf = (dataDir: string) => `${dataDir}.clock`

/** The warning about events without consent. */
const NO_CONSENT = /events of the last hour had no consent/

/** Each thread reads the clock's file at least this often. */
const CLOCK_SEEN_MS = 30

/**
 * How a server's process is made from the sources, or from what `bundled` names: for tests that watch a start that does
 * not come to its end.
 */
export function serverArguments(options: ServerOptions & { dataDir: string; port: number }, bundled?: string) {
  const { DATABASE_URL: _, ...inherited } = process.env
  const env = {
    ...inherited,
    ...(bundled === undefined ? {} : reusing(bundled)),
    PORT: String(options.port),
    DATA_DIR: options.dataDir,
    LOG_LEVEL: 'warn',
    ...(options.movable ? { CLOCK_FILE: clockOf(options.dataDir) } : { CLOCK_OFFSET_MS: String(options.clockMs ?? 0) }),
    FLUSH_MS: String(options.flushMs ?? 0),
    ...options.env,
  }
  // Room for the objects of a start, which would otherwise be collected several times in each of its threads.
  const room = '--min-semi-space-size=16'
  const slow = options.flushMs === undefined ? [] : preloading('./slow-disk.ts')
  return {
    command: process.execPath,
    args:
      bundled === undefined ? [...PRELOADS, ...slow, 'server/couture.mjs', 'serve'] : [room, ...slow, bundled, 'serve'],
    options: { cwd: ROOT, env },
  }
}

/** Starts a server that must refuse to start, and returns its exit code and output. */
export async function startRefused(
  options: ServerOptions & { dataDir: string; port: number },
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const {
    command,
    args,
    options: where,
  } = serverArguments(options, isShared() ? await ask('product', null) : undefined)
  return new Promise((resolve) => {
    const child = execFile(command, args, { ...where, timeout: 20_000 }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    )
  })
}

/**
 * Runs `couture …`, whatever comes of it: in a process that other commands have run in, or in one of its own with
 * `ownProcess`, where it is the process that is tested, its standard input for one. One that does not end is killed.
 */
export async function couture(
  args: string[],
  env: Record<string, string | undefined>,
  { ownProcess = false } = {},
): Promise<Ran> {
  if (isShared() && !ownProcess) return ask('command', { args, env })
  const options = { cwd: ROOT, env, timeout: 60_000, killSignal: 'SIGKILL' } as const
  const program = isShared() ? [await ask('product', null)] : [...PRELOADS, 'server/couture.mjs']
  return new Promise((resolve) => {
    execFile(process.execPath, [...program, ...args], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : ((error.code as unknown as number | undefined) ?? null), stdout, stderr }),
    )
  })
}

/** Starts a server and waits until it answers. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'couture-test-'))
  const port = options.port ?? (await freePort())
  const url = `http://localhost:${port}`
  const store = await openStore(dataDir, options.env?.DATABASE_URL, { migrated: !options.fromSources })
  const setClock = async (clockMs: number) => {
    // Renamed, so that nobody reads half a number.
    writeFileSync(`${clockOf(dataDir)}.new`, String(clockMs))
    renameSync(`${clockOf(dataDir)}.new`, clockOf(dataDir))
    await new Promise((resolve) => setTimeout(resolve, CLOCK_SEEN_MS))
  }
  if (options.movable) await setClock(options.clockMs ?? 0)
  const own = { ...options, dataDir, port, env: { ...store.env, ...options.env } as Record<string, string> }
  const bundled = isShared() && !options.fromSources ? await ask('product', null) : undefined
  const { command, args, options: where } = serverArguments(own, bundled)
  const { env } = where
  const child = spawn(command, args, where)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => {
    stdout += data
  })
  child.stderr.on('data', (data: Buffer) => {
    stderr += data
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${stderr}`)
    return stdout.includes('function(){(couture.q')
  }, 'the server to start')

  const cli = async <T>(...args: string[]): Promise<T> => {
    const ran = await couture([...args, '--json'], env)
    if (ran.code !== 0) throw Object.assign(new Error(`couture ${args.join(' ')}: ${ran.stderr}`), ran)
    return JSON.parse(ran.stdout) as T
  }
  let created: Promise<{ key: string }> | null = null
  const api = async (path: string, init: RequestInit = {}) => {
    created ??= cli<{ key: string }>('keys', 'create', '--scopes', 'admin,events:write').catch((error) => {
      created = null
      throw error
    })
    const { key } = await created
    return fetch(url + path, { ...init, headers: { authorization: `Bearer ${key}`, ...init.headers } })
  }
  const readJson = async (response: Response, path: string) => {
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return response.json()
  }
  return {
    url,
    port,
    dataDir,
    process: child,
    databaseUrl: store.env.DATABASE_URL ?? null,
    storeEnv: store.env,
    query: store.query,
    reading: store.reading,
    change: store.change,
    tables: store.tables,
    output: () => ({ stdout, stderr }),
    cli,
    ...createProofs(() => own.env.COUTURE_SECRET ?? readFileSync(join(dataDir, 'secret'), 'utf8').trim()),
    api,
    setClock,
    get: async (path) => readJson(await api(path), path),
    post: async (path, body) =>
      readJson(
        await api(path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
        path,
      ),
    async stop({ wipe = true } = {}) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await exited
      }
      await store.close({ wipe })
      if (wipe) for (const path of [dataDir, clockOf(dataDir)]) rmSync(path, { recursive: true, force: true })
      // Many tests send without consent on purpose.
      const unexpected = stderr.split('\n').filter((line) => line.trim() !== '' && !NO_CONSENT.test(line))
      if (unexpected.length > 0) throw new Error(`the server logged something unexpected:\n${unexpected.join('\n')}`)
    },
    async kill() {
      child.kill('SIGKILL')
      await exited
      await store.close({ wipe: false })
    },
  }
}

/** How long is waited between two looks: short at first, and longer where it takes long anyway. */
const [FIRST_PAUSE_MS, LAST_PAUSE_MS] = [10, 60]

/** Waits until a condition holds, up to 45 s because the machine may be busy; a test has a minute. */
export async function until<T>(
  check: () => T | Promise<T>,
  what: string,
  timeoutMs = 45_000,
): Promise<Exclude<T, null | undefined | false>> {
  const end = performance.now() + timeoutMs
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 1.5, LAST_PAUSE_MS)) {
    const value = await check()
    if (value) return value as Exclude<T, null | undefined | false>
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}
