/**
 * `couture import contacts FILE` and `couture import orders FILE`: imports a file as the API would, with or without a
 * running server. A dry run writes to a temporary empty store.
 */
import { createReadStream, createWriteStream, statSync, type WriteStream } from 'node:fs'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { importFile } from '../actions/import-file.ts'
import type { Store } from '../actions/prepare-store.ts'
import { guardCell } from '../domain/csv-cell.ts'
import { isZone } from '../domain/zone.ts'
import { knownAttributes } from '../import/attributes.ts'
import { readOrderTerms } from '../import/order-terms.ts'
import { openSource } from '../import/source.ts'
import { importText, mappingText, progressText, questionTexts } from '../import/texts.ts'
import type { Config } from '../ops/config.ts'
import { makePrivate } from '../ops/private-files.ts'
import { createBar } from './bar.ts'
import { commandBy } from './by.ts'
import { withStore } from './store.ts'

type Options = {
  match?: string
  site?: string
  timezone?: string
  anonymous?: boolean
  map?: string
  sheet?: string
  currency?: string
  dryRun?: boolean
  json?: boolean
  rejected?: string
}

/** Adds the commands. */
export function registerImports(program: Command): void {
  const command = program.command('import').description('import files from a CRM, a shop or a mail tool')
  const add = (kind: 'contacts' | 'orders', description: string) =>
    command
      .command(`${kind} <file>`)
      .description(`${description} from CSV, .xlsx, NDJSON or a JSON array; - reads from stdin`)
      .option('--map <map>', 'map columns to fields: COLUMN:FIELD,COLUMN:FIELD or a JSON object; - skips a column')
      .option('--sheet <sheet>', 'the name or number of the sheet of a workbook; else the first')
      .option('--match <field>', "find contacts by email, because the ids are another system's, or by id")
      .option('--dry-run', 'write nothing, and report what an import would do')
      .option('--rejected <file>', 'write all rejected rows to a CSV file, with the reasons')
      .option('--json', 'print JSON')
  add('contacts', 'create and update contacts').action((file: string, options: Options) =>
    withStore((db, config) => runImport('contacts', file, options, db, config)),
  )
  add('orders', 'create and replace orders from other channels')
    .option('--currency <code>', 'the currency of amounts that have none, such as EUR')
    .option('--site <id>', 'the site whose settings timezone and currency apply')
    .option('--timezone <zone>', 'the time zone of times that name none, such as Europe/Paris')
    .option('--anonymous', 'take a file in which no column names the customers')
    .action((file: string, options: Options) =>
      withStore((db, config) => runImport('orders', file, options, db, config)),
    )
}

async function runImport(kind: 'contacts' | 'orders', file: string, options: Options, db: Store, config: Config) {
  if (options.currency !== undefined && !/^[A-Za-z]{3}$/.test(options.currency)) {
    throw new Error(`--currency must be an ISO 4217 code such as EUR (got "${options.currency}")`)
  }
  if (options.timezone !== undefined && !isZone(options.timezone)) {
    throw new Error(`--timezone must be an IANA time zone such as Europe/Paris (got "${options.timezone}")`)
  }
  const terms = await readOrderTerms(db, options)
  const input = openFile(file)
  const source = await openSource(input.bytes, {
    kind,
    format: null,
    map: options.map,
    match: matchOf(options.match),
    sheet: options.sheet,
    currency: terms.currency,
    anonymous: options.anonymous === true,
    ...(kind === 'contacts' ? { attributes: await knownAttributes(db) } : {}),
  })
  if (!options.json) console.log(mappingText(source))
  const bar = createBar()
  const rejected = options.rejected === undefined ? null : createRejectedFile(options.rejected)
  const opened = { kind, source, terms, dryRun: options.dryRun === true }
  const outcome = await importFile(
    { db, config },
    { ...opened, actor: commandBy().actor, file: file === '-' ? null : basename(file) },
    {
      // Progress is in bytes, because the number of rows is unknown until they are read.
      onProgress: (rows) =>
        bar.draw((elapsedMs, width) =>
          progressText({ rows, read: input.read(), total: input.total, elapsedMs }, width),
        ),
      onRejected: (each) => rejected?.add([each.row, each.code, each.message]),
    },
  ).finally(() => {
    bar.end()
    return rejected?.close()
  })
  if (options.json) {
    const { columns } = source
    const report = { ...outcome, columns, questions: source.questions(), dialect: source.dialect() }
    console.log(JSON.stringify({ ...report, dry_run: opened.dryRun }))
  } else console.log([importText(kind, outcome, options), ...questionTexts(source.questions())].join('\n'))
  const imported = outcome.created + outcome.updated + outcome.unchanged
  if (imported === 0 && outcome.rejected_total > 0) {
    throw new Error(`nothing of ${file} could be imported: all ${outcome.rejected_total} rows were rejected`)
  }
}

function matchOf(text: string | undefined): 'email' | 'id' | undefined {
  if (text === undefined || text === 'email' || text === 'id') return text
  throw new Error(`--match must be email or id (got "${text}")`)
}

type Input = { bytes: AsyncIterable<Uint8Array>; total: number | null; read: () => number }

function openFile(file: string): Input {
  let total: number | null = null
  if (file !== '-') {
    const stat = statSync(file, { throwIfNoEntry: false })
    if (stat === undefined) throw new Error(`there is no file "${file}"`)
    if (stat.isDirectory()) throw new Error(`"${file}" is a folder; give a file`)
    if (stat.isFile()) total = stat.size
  }
  const stream = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 256 * 1024 })
  let read = 0
  async function* counted() {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      read += chunk.length
      yield chunk
    }
  }
  return { bytes: counted(), total, read: () => read }
}

/** Creates the CSV file of rejected rows. */
function createRejectedFile(file: string) {
  const stream: WriteStream = createWriteStream(file)
  // The file may be from before, and anybody's to read.
  stream.once('open', () => makePrivate(file))
  const failed = new Promise<never>((_, reject) => stream.once('error', reject))
  // A failure is reported by `close`.
  failed.catch(() => {})
  const cell = (value: string | number) => {
    const text = typeof value === 'number' ? String(value) : guardCell(value)
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  stream.write('row,code,message\n')
  return {
    add: (cells: (string | number)[]) => void stream.write(`${cells.map(cell).join(',')}\n`),
    close: () => Promise.race([failed, new Promise<void>((resolve) => stream.end(resolve))]),
  }
}
