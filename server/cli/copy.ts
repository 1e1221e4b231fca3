/** `couture copy --to URL`: moves an installation from SQLite to PostgreSQL, first beside the running server. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { type CopyStore, copyBesideServer, finishCopy, hasStore } from '../actions/copy-store.ts'
import type { Compared } from '../copy/copy.ts'
import { checkDatabaseUrl, readConfigFromEnvironment } from '../ops/config.ts'
import { createBar, shareText } from './bar.ts'
import { Refusal, show } from './store.ts'

const HELP = `
Two commands, and nothing is lost or counted twice whatever happens in between:
  1. couture copy --to postgres://…            while the server runs; as often as you like; goes on where it stopped
  2. couture copy --to postgres://… --finish   once the server is stopped; says what to start it with`

type Options = { to: string; finish?: boolean; json?: boolean }

const n = (rows: number) => rows.toLocaleString('en')

/** Adds the command. */
export function registerCopy(program: Command): void {
  program
    .command('copy')
    .description('move this installation from SQLite to PostgreSQL, first beside the running server')
    .requiredOption('--to <url>', 'an empty database, such as postgres://user:password@host:5432/database')
    .option('--finish', 'copy what is left, compare every row, and say how to start; the server must be stopped')
    .option('--json', 'print for programs')
    .addHelpText('after', HELP)
    .action(async ({ to, finish: isLast, json }: Options) => {
      checkDatabaseUrl('--to', to)
      // The address of the target may be in the environment already; it is not the source.
      const { dataDir, secret } = readConfigFromEnvironment({ ...process.env, DATABASE_URL: undefined })
      if (!hasStore(dataDir)) {
        throw new Refusal(`there is no store in ${dataDir}; DATA_DIR must be the server's folder`)
      }
      const bar = createBar()
      const onProgress: CopyStore['onProgress'] = (table, done, total) =>
        bar.draw((_, width) => shareText(done, total, `rows, now ${table}`, width))
      const work = isLast ? finish : begin
      await work({ dataDir, secret, to, onProgress }, json, bar.end)
    })
}

async function begin(what: CopyStore, json: boolean | undefined, endBar: () => void): Promise<void> {
  const passes = await copyBesideServer(what).finally(endBar)
  const [first, last] = [passes.at(0), passes.at(-1)]
  if (first === undefined || last === undefined) throw new Error('a copy must make at least one pass')
  const { pass, skipped } = first
  show(
    json,
    { passes },
    () =>
      (skipped === 0 ? '' : `Went on in pass ${pass}, after ${n(skipped)} rows that were not read again.\n`) +
      `Everything is copied; the last pass found ${n(last.written)} rows that had changed.\n` +
      'When it suits you, stop the server and run the same with --finish.',
  )
}

async function finish(what: CopyStore, json: boolean | undefined, endBar: () => void): Promise<void> {
  const { tables, different, written } = await finishCopy(what).finally(endBar)
  const unequal = tables.find((each) => !each.equal)
  const where =
    different === null ? unequal?.table : `${different.table}, first at the key ${JSON.stringify(different.key)}`
  if (where !== undefined) {
    if (json) console.log(JSON.stringify({ written, tables, different }))
    else console.log(tableOf(tables))
    throw new Refusal(`the copy is not the same in ${where}; go on with SQLite, and report this`)
  }
  const file = join(what.dataDir, 'secret')
  const secret = process.env.COUTURE_SECRET || !existsSync(file) ? null : file
  const total = tables.reduce((sum, each) => sum + each.rows, 0)
  show(json, { written, tables, different, secret_file: secret, data_dir: what.dataDir }, () =>
    [
      tableOf(tables),
      '',
      `All ${n(total)} rows are the same on both sides. Start the server with the same DATA_DIR and`,
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
  const rows = tables.map((each) => line(each.table, n(each.rows), each.equal ? 'yes' : 'NO'))
  return [line('table', 'rows', 'equal'), ...rows].join('\n')
}
