/**
 * `couture import contacts FILE` and `couture import orders FILE`: the same reading and writing as the API's, on a
 * file, beside a running server or without one. A dry run writes to an empty store that is thrown away.
 */
import {
  createReadStream,
  createWriteStream,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  type WriteStream,
} from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { Kysely } from 'kysely'
import { nanoid } from 'nanoid'
import { createKeysOf } from '../actions/sites.ts'
import { checkContact } from '../http/contacts.ts'
import { checkOrder } from '../http/orders.ts'
import { importContacts } from '../import/contacts.ts'
import { importOrders } from '../import/orders.ts'
import type { ImportOutcome } from '../import/run.ts'
import { openSource, type Source } from '../import/source.ts'
import { importText, mappingText, progressText } from '../import/texts.ts'
import type { Config } from '../ops/config.ts'
import { createKeyring } from '../ops/keyring.ts'
import { writeAudit } from '../store/audit.ts'
import { migrate } from '../store/migrate.ts'
import { openCommandStore } from '../store/open.ts'
import type { Database } from '../store/schema.ts'
import { listSites } from '../store/sites.ts'
import { createBar } from './bar.ts'
import { withStore } from './store.ts'

type Store = Kysely<Database>
type Options = { map?: string; currency?: string; dryRun?: boolean; json?: boolean; rejected?: string }

/** Adds the commands. */
export function registerImports(program: Command): void {
  const command = program.command('import').description('take in files of a CRM, a shop or a mail tool')
  const add = (kind: 'contacts' | 'orders', description: string) =>
    command
      .command(`${kind} <file>`)
      .description(`${description}; CSV, NDJSON or a JSON array, and - for what is piped in`)
      .option('--map <map>', 'which column is which field, as COLUMN:FIELD,COLUMN:FIELD or a JSON object; - leaves out')
      .option('--dry-run', 'write nothing, and say what would come of it')
      .option('--rejected <file>', 'write all rejected rows there, with their reasons, as CSV')
      .option('--json', 'print for programs')
  add('contacts', 'create and update contacts').action((file: string, options: Options) =>
    withStore((db, config) => runImport('contacts', file, options, db, config)),
  )
  add('orders', 'create and replace orders of other channels')
    .option('--currency <code>', 'the currency of amounts that name none, such as EUR')
    .action((file: string, options: Options) =>
      withStore((db, config) => runImport('orders', file, options, db, config)),
    )
}

async function runImport(kind: 'contacts' | 'orders', file: string, options: Options, db: Store, config: Config) {
  if (options.currency !== undefined && !/^[A-Za-z]{3}$/.test(options.currency)) {
    throw new Error(`--currency must be an ISO 4217 code such as EUR (got "${options.currency}")`)
  }
  const input = openFile(file)
  const source = await openSource(input.bytes, {
    kind,
    format: null,
    map: options.map,
    currency: options.currency?.toUpperCase() ?? null,
  })
  if (!options.json) console.log(mappingText(source))
  const bar = createBar()
  const rejected = options.rejected === undefined ? null : createRejectedFile(options.rejected)
  const rehearsal = options.dryRun ? await createRehearsal(config.dataDir) : null
  let outcome: ImportOutcome
  try {
    outcome = await write(kind, source, db, rehearsal?.db, config, {
      // Bytes, because nobody knows the rows before they are read.
      onProgress: (rows) =>
        bar.draw((elapsedMs, width) =>
          progressText({ rows, read: input.read(), total: input.total, elapsedMs }, width),
        ),
      onRejected: (each) => rejected?.add([each.row, each.code, each.message]),
    })
  } finally {
    bar.end()
    await rehearsal?.remove()
    await rejected?.close()
  }
  if (options.json) {
    const { columns } = source
    console.log(JSON.stringify({ ...outcome, columns, dialect: source.dialect(), dry_run: options.dryRun === true }))
  } else console.log(importText(kind, outcome, options))
  const taken = outcome.created + outcome.updated + outcome.unchanged
  if (taken === 0 && outcome.rejected_total > 0) {
    throw new Error(`nothing of ${file} could be imported: all ${outcome.rejected_total} rows were rejected`)
  }
}

async function write(
  kind: 'contacts' | 'orders',
  source: Source,
  db: Store,
  rehearsal: Store | undefined,
  config: Config,
  hooks: Parameters<typeof importContacts>[3],
): Promise<ImportOutcome> {
  const sites = await listSites(db)
  const keysOf = createKeysOf(createKeyring(config.secret), () => sites)
  const now = () => Date.now()
  const at = now()
  const deps = { db, keysOf, now, ...(rehearsal ? { rehearsal } : {}) }
  const audit = (complete: boolean, outcome: ImportOutcome | null) => {
    const { created = 0, updated = 0, unchanged = 0, rejected_total = 0 } = outcome ?? {}
    const detail = { created, updated, unchanged, rejected: rejected_total, ...(complete ? {} : { complete }) }
    return writeAudit(db, { id: nanoid(22), at: now(), actor: 'command', action: `${kind}.write`, detail })
  }
  let last: ImportOutcome | null = null
  const all: typeof hooks = {
    ...hooks,
    onProgress: (rows, outcome) => {
      last = outcome
      hooks?.onProgress?.(rows, outcome)
    },
  }
  let complete = false
  try {
    const outcome = await (kind === 'contacts'
      ? importContacts(deps, source, (row) => checkContact(row, at), all)
      : importOrders(deps, source.rows, checkOrder, all))
    complete = true
    last = outcome
    return outcome
  } finally {
    if (!rehearsal) await audit(complete, last)
  }
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
    for await (const piece of stream as AsyncIterable<Buffer>) {
      read += piece.length
      yield piece
    }
  }
  return { bytes: counted(), total, read: () => read }
}

/** The rejected rows as CSV. */
function createRejectedFile(file: string) {
  const stream: WriteStream = createWriteStream(file, { mode: 0o600 })
  const failed = new Promise<never>((_, reject) => stream.once('error', reject))
  // Told when it is closed.
  failed.catch(() => {})
  const cell = (value: string | number) =>
    /[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : value
  stream.write('row,code,message\n')
  return {
    add: (cells: (string | number)[]) => void stream.write(`${cells.map(cell).join(',')}\n`),
    close: () => Promise.race([failed, new Promise<void>((resolve) => stream.end(resolve))]),
  }
}

/** What a dry run that was killed has left is removed by one that comes this much later. */
const FORGOTTEN_MS = 24 * 3600_000

/** An empty store beside the real one, for a dry run. It holds addresses, so it goes however the command ends. */
async function createRehearsal(dataDir: string) {
  for (const name of readdirSync(dataDir).filter((each) => each.startsWith('dry-run-'))) {
    const left = join(dataDir, name)
    if (Date.now() - statSync(left).mtimeMs > FORGOTTEN_MS) rmSync(left, { recursive: true, force: true })
  }
  const folder = mkdtempSync(join(dataDir, 'dry-run-'))
  const wipe = () => rmSync(folder, { recursive: true, force: true })
  const leave = () => process.exit(1)
  process.once('exit', wipe)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave)
  const db = openCommandStore({ databaseUrl: null, dataDir: folder })
  await migrate(db)
  return {
    db,
    async remove() {
      await db.destroy()
      wipe()
      process.off('exit', wipe)
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, leave)
    },
  }
}
