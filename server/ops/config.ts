/**
 * The settings of the process, read once from the environment. An invalid value stops the start with a sentence that
 * names the variable and says what it must be.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { newSecret } from './keyring.ts'
import { makePrivate, openFiles } from './private-files.ts'

/** The configuration of the process. */
export type Config = {
  port: number
  host: string
  dataDir: string
  /** The URL of PostgreSQL; null means SQLite in `dataDir`. */
  databaseUrl: string | null
  /** How browsers reach the collector, without a trailing slash. */
  publicUrl: string
  /** Where private routes answer besides loopback; null means under `publicUrl`, unless that is a shop's origin. */
  adminUrl: string | null
  secret: string
  /** The first owner's password; null if it is not given. */
  adminPassword: string | null
  /** The number of proxies in front that set `X-Forwarded-For`. */
  trustProxy: number
  /** Whether the demo shop stays open once there is a site of a real shop. */
  demo: boolean
  /** How large and how old the accepted entries that have not landed may become; then senders must wait. */
  journalMaxBytes: number
  journalMaxAgeMs: number
  logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
}

/** An invalid setting. Its message is for the person who starts the process. */
export class ConfigError extends Error {}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/**
 * Reads the environment for a server. Creates `DATA_DIR` if it is new, and in it the secret if none was given,
 * and keeps the files in it to their owner.
 */
export function readServerConfig(env: Record<string, string | undefined>): Config & { isNew: boolean } {
  const given = readEnvironment(env)
  const { dataDir } = given
  const isNew = given.databaseUrl === null && !holdsInstallation(dataDir)
  makeDirectory(dataDir)
  for (const path of openFiles(dataDir)) makePrivate(path)
  const secret = given.secret ?? keep(join(dataDir, SECRET_FILE), () => newSecret())
  return { ...given, secret, isNew }
}

/**
 * Reads the environment for a command, which creates nothing: a mistyped `DATA_DIR` must not become a new installation
 * with secrets of its own.
 */
export function readCommandConfig(env: Record<string, string | undefined>): Config {
  const given = readEnvironment(env)
  const { dataDir } = given
  if (given.databaseUrl === null && !holdsInstallation(dataDir)) {
    throw new ConfigError(
      `there is no installation in DATA_DIR ${dataDir}; only \`couture serve\` and \`couture init\` make one, so name the server's own`,
    )
  }
  const secret = given.secret ?? kept(join(dataDir, SECRET_FILE))
  if (secret === null) {
    throw new ConfigError(`COUTURE_SECRET must be set as it is for the server: DATA_DIR ${dataDir} holds no secret`)
  }
  return { ...given, secret }
}

const SECRET_FILE = 'secret'

/** Whether a server has run on the folder, or a backup can be restored into it. */
function holdsInstallation(dataDir: string): boolean {
  return ['couture.db', 'journal.db', SECRET_FILE].some((name) => existsSync(join(dataDir, name)))
}

type Given = Omit<Config, 'secret'> & { secret: string | null }

function readEnvironment(env: Record<string, string | undefined>): Given {
  const port = integer(env, 'PORT', 3000, 1, 65535)
  const host = env.HOST || '127.0.0.1'
  const logLevel = env.LOG_LEVEL || 'info'
  if (!(LOG_LEVELS as readonly string[]).includes(logLevel)) {
    throw new ConfigError(`LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')} (got "${logLevel}")`)
  }
  const databaseUrl = database(env)
  if (databaseUrl !== null && !env.COUTURE_SECRET) {
    throw new ConfigError('COUTURE_SECRET must be set with DATABASE_URL: all processes on one database must share it')
  }
  const publicUrl = url(env, 'PUBLIC_URL') ?? `http://localhost:${port}`
  const adminUrl = url(env, 'ADMIN_URL')
  const trustProxy =
    env.TRUST_PROXY === 'true' ? 1 : env.TRUST_PROXY === 'false' ? 0 : integer(env, 'TRUST_PROXY', 0, 0, 10)
  const demo = boolean(env, 'DEMO')
  const journalMaxBytes = integer(env, 'JOURNAL_MAX_BYTES', 4 * 1024 ** 3, 1024 ** 2, Number.MAX_SAFE_INTEGER)
  const journalMaxAgeMs = integer(env, 'JOURNAL_MAX_AGE_HOURS', 72, 1, 24 * 365) * 3600_000
  return {
    port,
    host,
    dataDir: resolve(env.DATA_DIR || './data'),
    databaseUrl,
    publicUrl,
    adminUrl,
    secret: given(env, 'COUTURE_SECRET', 16, Number.POSITIVE_INFINITY),
    adminPassword: given(env, 'ADMIN_PASSWORD', 8, 200),
    trustProxy,
    demo,
    journalMaxBytes,
    journalMaxAgeMs,
    logLevel: logLevel as Config['logLevel'],
  }
}

function integer(env: Record<string, string | undefined>, name: string, fallback: number, min: number, max: number) {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new ConfigError(`${name} must be an integer from ${min} to ${max} (got "${text}")`)
  }
  return value
}

function boolean(env: Record<string, string | undefined>, name: string): boolean {
  const text = env[name] || 'false'
  if (text !== 'true' && text !== 'false') throw new ConfigError(`${name} must be true or false (got "${text}")`)
  return text === 'true'
}

function url(env: Record<string, string | undefined>, name: string): string | null {
  const text = env[name]
  if (text === undefined || text === '') return null
  const parsed = URL.parse(text)
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.search || parsed.hash) {
    throw new ConfigError(`${name} must be an http or https URL without query or fragment (got "${text}")`)
  }
  return withoutEndSlash(parsed.href)
}

/** An address without the slashes at its end. */
export function withoutEndSlash(address: string): string {
  let bare = address
  while (bare.endsWith('/')) bare = bare.slice(0, -1)
  return bare
}

function database(env: Record<string, string | undefined>): string | null {
  const text = env.DATABASE_URL
  if (text === undefined || text === '') return null
  checkDatabaseUrl('DATABASE_URL', text)
  return text
}

/** Throws unless the text is the URL of a PostgreSQL database. It may contain a password, so it is not repeated. */
export function checkDatabaseUrl(name: string, text: string): void {
  const parsed = URL.parse(text)
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol) || parsed.pathname.length < 2) {
    throw new ConfigError(`${name} must be a URL such as postgres://user:password@host:5432/database`)
  }
}

function given(env: Record<string, string | undefined>, name: string, min: number, max: number): string | null {
  const text = env[name]
  if (text === undefined || text === '') return null
  const limit = text.length < min ? `at least ${min}` : text.length > max ? `at most ${max}` : null
  if (limit !== null) throw new ConfigError(`${name} must have ${limit} characters (got ${text.length})`)
  return text
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new ConfigError(`DATA_DIR must be a folder that can be written (${path}: ${(error as Error).message})`)
  }
}

/** The value kept in a file; null if there is no such file. */
function kept(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null
}

/** A value that is generated once and kept in a file that only its owner may read. */
function keep(path: string, make: () => string): string {
  const before = kept(path)
  if (before !== null) return before
  const value = make()
  try {
    writeFileSync(path, `${value}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    // Another process created it between the check and the write: its value counts.
    if ((error as { code?: string }).code === 'EEXIST') return readFileSync(path, 'utf8').trim()
    throw new ConfigError(`DATA_DIR must be a folder that can be written (${path}: ${(error as Error).message})`)
  }
  return value
}
