/** `couture copy --to URL`: moves an installation from SQLite to PostgreSQL, mostly while the server runs. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { type CopyStore, copyBesideServer, finishCopy, hasStore } from '../actions/copy-store.ts'
import { withStoreAsIs } from '../actions/prepare-store.ts'
import type { Compared } from '../copy/copy.ts'
import { checkDatabaseUrl, readCommandConfig } from '../ops/config.ts'
import { createBar, shareText } from './bar.ts'
import { noteCommand } from './by.ts'
import { Refusal, show } from './store.ts'

const HELP = `
Two commands. Nothing is lost or counted twice, whatever happens in between:
  1. couture copy --to postgres://…            while the server runs, as often as you like; resumes where it stopped
  2. couture copy --to postgres://… --finish   once the server is stopped; prints the settings to start it with`

type Options = { to: string; finish?: boolean; json?: boolean }

const n = (rows: number) => rows.toLocaleString('en')

/** Adds the command. */
export function registerCopy(program: Command): void {
  program
    .command('copy')
    .description('move this installation from SQLite to PostgreSQL, mostly while the server runs')
    .requiredOption('--to <url>', 'an empty database, such as postgres://user:password@host:5432/database')
    .option('--finish', 'copy the rest, compare every row and print how to start; the server must be stopped')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async ({ to, finish: isLast, json }: Options) => {
      checkDatabaseUrl('--to', to)
      // The environment may already hold the target's URL, which is not the source.
      const { dataDir, secret } = readCommandConfig({ ...process.env, DATABASE_URL: undefined })
      if (!hasStore(dataDir)) {
        throw new Refusal(`there is no store in ${dataDir}; DATA_DIR must be the server's folder`)
      }
      // Written before, so that the copy has it too.
      const { host, pathname } = new URL(to)
      await withStoreAsIs({ dataDir, databaseUrl: null }, (db) =>
        noteCommand(db, isLast ? 'copy.finish' : 'copy', { to: host + pathname }),
      )
      const bar = createBar()
      const onProgress: CopyStore['onProgress'] = (table, done, total) =>
        bar.draw((_, width) => shareText(done, total, `rows, now ${table}`, width))
      const work = isLast ? finish : begin
      await work({ dataDir, secret, to, onProgress }, json, bar.end)
    })
}

async function begin(move: CopyStore, json: boolean | undefined, endBar: () => void): Promise<void> {
  const passes = await copyBesideServer(move).finally(endBar)
  const [first, last] = [passes.at(0), passes.at(-1)]
  if (first === undefined || last === undefined) throw new Error('a copy must make at least one pass')
  const { pass, skipped } = first
  show(
    json,
    { passes },
    () =>
      (skipped === 0 ? '' : `Resumed in pass ${pass}, skipping ${n(skipped)} rows that were already copied.\n`) +
      `Everything is copied; the last pass found ${n(last.written)} changed rows.\n` +
      'When it suits you, stop the server and run the same command with --finish.',
  )
}

async function finish(move: CopyStore, json: boolean | undefined, endBar: () => void): Promise<void> {
  const { tables, different, written } = await finishCopy(move).finally(endBar)
  const unequal = tables.find((each) => !each.equal)
  const where =
    different === null ? unequal?.table : `${different.table}, first at the key ${JSON.stringify(different.key)}`
  if (where !== undefined) {
    if (json) console.log(JSON.stringify({ written, tables, different }))
    else console.log(tableOf(tables))
    throw new Refusal(`the copy differs in ${where}; keep using SQLite, and report this`)
  }
  const file = join(move.dataDir, 'secret')
  const secret = process.env.COUTURE_SECRET || !existsSync(file) ? null : file
  const total = tables.reduce((sum, each) => sum + each.rows, 0)
  show(json, { written, tables, different, secret_file: secret, data_dir: move.dataDir }, () =>
    [
      tableOf(tables),
      '',
      `All ${n(total)} rows are the same on both sides. Start the server with the same DATA_DIR and`,
      '  DATABASE_URL    the URL that you gave as --to',
      secret === null
        ? '  COUTURE_SECRET  the value that is set now'
        : `  COUTURE_SECRET  the content of ${secret}, such as COUTURE_SECRET="$(cat '${secret}')"`,
      'Events accepted since the stop are in the journal in DATA_DIR, and land when the server starts.',
    ].join('\n'),
  )
}

function tableOf(tables: Compared[]): string {
  const width = Math.max(...tables.map(({ table }) => table.length))
  const line = (table: string, rows: string, equal: string) => `${table.padEnd(width)}  ${rows.padStart(12)}  ${equal}`
  const rows = tables.map((each) => line(each.table, n(each.rows), each.equal ? 'yes' : 'NO'))
  return [line('table', 'rows', 'equal'), ...rows].join('\n')
}
