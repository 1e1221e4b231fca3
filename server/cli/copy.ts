/**
 * `couture copy --to URL`: moves an installation from SQLite to PostgreSQL. It is run once or more beside the running
 * server, and then with `--finish` when the server is stopped, for the little that is left. What is accepted between the
 * stop and the new start is nowhere but in the journal, which stays, and is landed from there.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { nanoid } from 'nanoid'
import type { Store } from '../actions/prepare.ts'
import { type Compared, type Copy, copyBeside, copyExactly, dataVersion } from '../copy/copy.ts'
import {
  beginCopy,
  type CopyState,
  changeCopyState,
  clearPasses,
  nameInstallation,
  readCopyState,
  readMoved,
  writeFinished,
} from '../copy/notes.ts'
import { secretMark } from '../copy/takeover.ts'
import { isEmptyDatabase, isUnused } from '../copy/target.ts'
import { tryLockFolder } from '../journal/folder-lock.ts'
import { checkDatabaseUrl, readConfigFromEnvironment } from '../ops/config.ts'
import { createKeyring } from '../ops/keyring.ts'
import { isPassing } from '../store/engine/transact.ts'
import { migrate, schemaState } from '../store/migrate.ts'
import { openCommandStore } from '../store/open.ts'
import { createBar, shareText } from './bar.ts'
import { Refusal, show } from './store.ts'

const HELP = `
Two commands, and nothing is lost or counted twice whatever happens in between:
  1. couture copy --to postgres://…            while the server runs; as often as you like; goes on where it stopped
  2. couture copy --to postgres://… --finish   once the server is stopped; says what to start it with`

type Options = { to: string; finish?: boolean; json?: boolean }
type Places = { dataDir: string; secret: string }

/** Adds the command. */
export function registerCopy(program: Command): void {
  program
    .command('copy')
    .description('move this installation from SQLite to PostgreSQL, first beside the running server')
    .requiredOption('--to <url>', 'an empty database, such as postgres://user:password@host:5432/database')
    .option('--finish', 'copy what is left, compare every row, and say how to start; the server must be stopped')
    .option('--json', 'print for programs')
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      checkDatabaseUrl('--to', options.to)
      // The address of where it goes may be in the environment already; it is not where it comes from.
      const config = readConfigFromEnvironment({ ...process.env, DATABASE_URL: undefined })
      if (!existsSync(join(config.dataDir, 'couture.db'))) {
        throw new Refusal(`there is no store in ${config.dataDir}; DATA_DIR must be the server's folder`)
      }
      const lock = options.finish ? tryLockFolder(config.dataDir) : null
      if (options.finish && lock === null) {
        throw new Refusal('--finish needs a stopped server, and one runs on DATA_DIR: stop it, then run this again')
      }
      const source = openCommandStore({ dataDir: config.dataDir, databaseUrl: null })
      const target = openCommandStore({ dataDir: config.dataDir, databaseUrl: options.to })
      try {
        await run(source, target, config, options)
      } catch (error) {
        if (!isPassing(error)) throw error
        const what = error instanceof Error ? error.message : String(error)
        throw new Refusal(`the database of --to cannot be used: ${what}; run this again when it can, it goes on`)
      } finally {
        await source.destroy()
        await target.destroy()
        lock?.release()
      }
    })
}

async function run(source: Store, target: Store, at: Places, options: Options): Promise<void> {
  await checkSource(source)
  const installation = await nameInstallation(source, nanoid(22))
  const state = await claimTarget(target, installation, secretMark(createKeyring(at.secret)))
  const bar = createBar()
  const onProgress: Copy['onProgress'] = (table, done, total) =>
    bar.draw((_, width) => shareText(done, total, `rows, now ${table}`, width))
  const copy: Copy = { source, target, state, onProgress }
  try {
    if (options.finish) await finish(copy, at, options.json)
    else {
      const passes = await copyBeside(copy)
      const { pass, skipped } = passes[0]!
      const n = (rows: number) => rows.toLocaleString('en')
      show(
        options.json,
        { passes },
        () =>
          (skipped === 0 ? '' : `Went on in pass ${pass}, after ${n(skipped)} rows that were not read again.\n`) +
          `Everything is copied; the last pass found ${n(passes.at(-1)!.written)} rows that had changed.\n` +
          'When it suits you, stop the server and run the same with --finish.',
      )
    }
  } finally {
    bar.end()
  }
}

async function finish(copy: Copy, at: Places, json: boolean | undefined): Promise<void> {
  const { source, target, state } = copy
  const before = await dataVersion(source)
  const { tables, different, written } = await copyExactly(copy, () => createHash('sha256'))
  if ((await dataVersion(source)) !== before) {
    throw new Refusal('something has written to the store meanwhile (another command?): run the same again')
  }
  const unequal = tables.filter((each) => !each.equal)
  if (different !== null || unequal.length > 0) {
    const where = different
      ? `${different.table}, first at the key ${JSON.stringify(different.key)}`
      : unequal[0]!.table
    if (json) console.log(JSON.stringify({ written, tables, different }))
    else console.log(tableOf(tables))
    throw new Refusal(`the copy is not the same in ${where}; go on with SQLite, and report this`)
  }
  await target.transaction().execute(async (trx) => {
    await changeCopyState(trx, state, { ...state, state: 'finished' })
    await clearPasses(trx)
  })
  await writeFinished(source, state.run)
  const file = join(at.dataDir, 'secret')
  const secret = process.env.COUTURE_SECRET || !existsSync(file) ? null : file
  const total = tables.reduce((sum, each) => sum + each.rows, 0)
  show(json, { written, tables, different, secret_file: secret, data_dir: at.dataDir }, () =>
    [
      tableOf(tables),
      '',
      `All ${total.toLocaleString('en')} rows are the same on both sides. Start the server with the same DATA_DIR and`,
      '  DATABASE_URL    the address that you gave as --to',
      secret === null
        ? '  COUTURE_SECRET  as it is set now'
        : `  COUTURE_SECRET  what is in the file ${secret}, such as COUTURE_SECRET="$(cat '${secret}')"`,
      'What was accepted since is in the journal there, and is landed at the start.',
    ].join('\n'),
  )
}

function tableOf(tables: Compared[]): string {
  const width = Math.max(...tables.map(({ table }) => table.length))
  const line = (table: string, rows: string, equal: string) => `${table.padEnd(width)}  ${rows.padStart(12)}  ${equal}`
  const rows = tables.map((each) => line(each.table, each.rows.toLocaleString('en'), each.equal ? 'yes' : 'NO'))
  return [line('table', 'rows', 'equal'), ...rows].join('\n')
}

/** The schema is left as it is: a running server may be of another version. */
async function checkSource(source: Store): Promise<void> {
  const schema = await schemaState(source)
  if (schema !== 'same') {
    throw new Refusal(
      `the store in DATA_DIR has ${schema === 'older' ? 'an older' : 'a newer'} schema than this version of couture: ` +
        'run the copy with the version that the server runs, once that was started',
    )
  }
  if ((await readMoved(source)) !== null) throw new Refusal('the store in DATA_DIR has moved to PostgreSQL already')
}

/** Makes the target this run's: an empty database, or one with a copy of this installation that is not in use. */
async function claimTarget(target: Store, installation: string, secret: string): Promise<CopyState> {
  if (await isEmptyDatabase(target)) await migrate(target)
  const schema = await schemaState(target).catch((error: unknown) => {
    if (isPassing(error)) throw error
    throw new Refusal('the database of --to holds tables of something else: it must be empty')
  })
  if (schema !== 'same') {
    throw new Refusal(
      `the database of --to has ${schema === 'older' ? 'an older' : 'a newer'} schema than this version of couture: ` +
        'empty it, and copy with the version that the server runs',
    )
  }
  const state: CopyState = { state: 'copying', installation, run: nanoid(10), secret }
  const had = await readCopyState(target)
  if (had === null) {
    if ((await isUnused(target)) && (await beginCopy(target, state))) return state
    throw new Refusal('the database of --to holds data that is no copy of this installation: it must be empty')
  }
  if (had.installation !== installation) {
    throw new Refusal('the database of --to holds a copy of another installation: it must be empty')
  }
  if (had.state === 'live') {
    throw new Refusal('the copy in the database of --to is in use already, and is not written over')
  }
  await changeCopyState(target, had, state)
  return state
}
