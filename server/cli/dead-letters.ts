/**
 * `couture dead-letters …`: what could not be landed or derived, why, and what to do about it. The list names no person;
 * `show` prints an entry as it is.
 */
import type { Command } from 'commander'
import { nanoid } from 'nanoid'
import { createDescribeAgent } from '../land/agent.ts'
import { explainLetter, replayLetter } from '../land/dead-letters.ts'
import type { Config } from '../ops/config.ts'
import { createKeyring } from '../ops/keyring.ts'
import { withoutQuoted } from '../ops/log.ts'
import { writeAudit } from '../store/audit.ts'
import { deleteDeadLetter, listDeadLetters } from '../store/dead-letters.ts'
import type { Database } from '../store/schema.ts'
import {
  type DeriveFailure,
  dropFailure,
  listFailures,
  readFailure,
  retryFailure,
} from '../store/work/derive-failures.ts'
import { holdFolder } from './folder.ts'
import { Refusal, type Store, show, withStore } from './store.ts'

type Letter = {
  id: string
  kind: 'land' | 'derive'
  at: string
  error: string
  attempts: number
  /** Of one that could not be landed: where it stands in which journal, its site, its size. */
  journal: string | null
  entry: number | null
  part: number | null
  site: string | null
  bytes: number | null
  /** Of one that could not be derived: a visitor, a person or a contact. */
  what: DeriveFailure['stage'] | null
}
type Found = { view: Letter; source: Database['dead_letters'] | DeriveFailure }
type Options = { json?: boolean; all?: boolean }

/** How long `replay` waits for a running server to derive what it was asked to. */
const DERIVE_WAIT_MS = 10_000
const LOOK_MS = 100

/** Adds the commands. */
export function registerDeadLetters(program: Command): void {
  const command = program
    .command('dead-letters')
    .description('what could not be landed or derived: the list, and with a subcommand one of it')
    .option('--json', 'print for programs')
    .action((options: Options) =>
      withStore(async (db, config) => {
        const views = (await all(db, config)).map(({ view }) => view)
        show(options.json, views, () =>
          views.length === 0 ? 'There are no dead letters.' : views.map(line).join('\n'),
        )
      }),
    )
  command
    .command('show <id>')
    .description('one of them as it is, with the field that is wrong; this prints what a visitor did')
    .option('--json', 'print for programs')
    .action((id: string) =>
      withStore(async (db, config) => {
        const { view, source } = await one(db, config, id)
        const content = 'body' in source ? parsed(source.body) : { [source.stage]: source.key }
        const value = { ...view, entry_content: content }
        show(isJson(command), value, () => `${line(view)}\n${JSON.stringify(content, null, 2)}`)
      }),
    )
  command
    .command('replay [id]')
    .description('try one again, or --all: after the fault was found and mended')
    .option('--all', 'try all of them')
    .option('--json', 'print for programs')
    .action((id: string | undefined, options: Options) =>
      withStore(async (db, config) => {
        if ((id === undefined) === !options.all) throw new Refusal('give the ID of a dead letter, or --all')
        const letters = id === undefined ? await all(db, config) : [await one(db, config, id)]
        const outcomes: ({ id: string } & Outcome)[] = []
        for (const each of letters) outcomes.push({ id: each.view.id, ...(await replay(db, config, each)) })
        await audit(db, 'dead_letters.replay', outcomes.length)
        const count = (result: string) => outcomes.filter((each) => each.result === result).length
        const counts = { landed: count('landed'), derived: count('derived'), asked: count('asked') }
        const failed = outcomes.filter((each) => each.result === 'failed')
        show(isJson(command), { ...counts, failed: failed.length, letters: outcomes }, () =>
          [
            `${counts.landed} landed, ${counts.derived} derived, ${failed.length} failed again.`,
            ...(counts.asked > 0
              ? [`${counts.asked} will be derived by the server, when it runs or is less busy.`]
              : []),
            ...failed.map((each) => `  ${each.id}  ${'error' in each ? each.error : ''}`),
          ].join('\n'),
        )
        if (failed.length > 0) process.exitCode = 1
      }),
    )
  command
    .command('drop <id>')
    .description('forget one; what it held is gone')
    .option('--json', 'print for programs')
    .action((id: string) =>
      withStore(async (db, config) => {
        const { view, source } = await one(db, config, id)
        if ('body' in source) await deleteDeadLetter(db, source)
        else await dropFailure(db, source)
        await audit(db, 'dead_letters.drop', 1)
        show(isJson(command), { id: view.id, dropped: true }, () => `Dead letter ${view.id} is forgotten.`)
      }),
    )

  /** Commander gives an option that the parent has too to the parent. */
  function isJson(parent: Command): boolean {
    return parent.opts<Options>().json === true || parent.commands.some((each) => each.opts<Options>().json === true)
  }
}

async function all(db: Store, config: Config): Promise<Found[]> {
  const { tombstone } = createKeyring(config.secret)
  const landing = (await listDeadLetters(db)).map((source): Found => {
    const entry = parsed(source.body)
    const site = (entry as { site?: unknown } | null)?.site
    const { journal_id: journal, entry_id: number, part, attempts } = source
    const view: Letter = {
      id: `${journal.slice(0, 8)}-${number}-${part}`,
      kind: 'land',
      at: new Date(source.at).toISOString(),
      error: explainLetter({ ...source, error: withoutQuoted(source.error) }),
      attempts,
      journal,
      entry: number,
      part,
      site: typeof site === 'string' ? site : null,
      bytes: Buffer.byteLength(source.body),
      what: null,
    }
    return { view, source }
  })
  const deriving = (await listFailures(db)).map((source): Found => {
    const { stage, key, error, attempts } = source
    const view: Letter = {
      // A keyed hash: the list may be copied into a ticket.
      id: `${stage}-${tombstone(key).slice(0, 10)}`,
      kind: 'derive',
      at: new Date(source.at).toISOString(),
      error: withoutQuoted(error),
      attempts,
      journal: null,
      entry: null,
      part: null,
      site: null,
      bytes: null,
      what: stage,
    }
    return { view, source }
  })
  return [...landing, ...deriving]
}

async function one(db: Store, config: Config, id: string): Promise<Found> {
  const found = (await all(db, config)).find(({ view }) => view.id === id)
  if (!found) throw new Refusal(`there is no dead letter "${id}"; \`couture dead-letters\` shows those there are`)
  return found
}

type Outcome = { result: 'landed' | 'derived' | 'asked' } | { result: 'failed'; error: string }

async function replay(db: Store, config: Config, { source }: Found): Promise<Outcome> {
  if (!('body' in source)) return rederive(db, config, source)
  const { tombstone } = createKeyring(config.secret)
  const deps = { db, describeAgent: createDescribeAgent(), tombstone, now: () => Date.now() }
  const outcome = await replayLetter(deps, source)
  return outcome.landed ? { result: 'landed' } : { result: 'failed', error: outcome.error }
}

/** Asks for a visitor, person or contact again and looks what the server makes of it. */
async function rederive(db: Store, config: Config, failure: DeriveFailure): Promise<Outcome> {
  await retryFailure(db, failure)
  const free = holdFolder(config.dataDir)
  free?.release()
  if (free) return { result: 'asked' }
  for (const end = performance.now() + DERIVE_WAIT_MS; performance.now() < end; ) {
    const now = await readFailure(db, failure)
    if (now === null) return { result: 'derived' }
    if (now.attempts > failure.attempts) return { result: 'failed', error: withoutQuoted(now.error) }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  return { result: 'asked' }
}

function audit(db: Store, action: string, letters: number): Promise<void> {
  return writeAudit(db, { id: nanoid(22), at: Date.now(), actor: 'command', action, detail: { letters } })
}

function line(letter: Letter): string {
  const { id, at, kind, what, site, bytes, attempts, error } = letter
  const of = kind === 'derive' ? `${what} not derived` : `${site ?? 'no site'}, ${bytes} bytes`
  return `${id}  ${at}  ${of}  tried ${attempts === 1 ? 'once' : `${attempts} times`}\n    ${error}`
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}
