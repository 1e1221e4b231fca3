/**
 * `couture dead-letters …`: what could not be landed or derived, why, and what to do about it. The list names no person;
 * `show` prints an entry as it is.
 */
import type { Command } from 'commander'
import {
  contentOf,
  dropLetter,
  findLetter,
  type Letter,
  type LetterView,
  listLetters,
  type Outcome,
  replayLetters,
} from '../actions/dead-letters.ts'
import type { Store } from '../actions/prepare-store.ts'
import type { Config } from '../ops/config.ts'
import { Refusal, show, withStore } from './store.ts'

type Options = { json?: boolean; all?: boolean }

/** Adds the commands. */
export function registerDeadLetters(program: Command): void {
  const command = program
    .command('dead-letters')
    .description('what could not be landed or derived: the list, and with a subcommand one of it')
    .option('--json', 'print for programs')
    .action((options: Options) =>
      withStore(async (db, config) => {
        const views = (await listLetters(db, config)).map(({ view }) => view)
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
        const letter = await letterOrRefuse(db, config, id)
        const content = contentOf(letter)
        const value = { ...letter.view, entry_content: content }
        show(isJson(command), value, () => `${line(letter.view)}\n${JSON.stringify(content, null, 2)}`)
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
        const letters = id === undefined ? await listLetters(db, config) : [await letterOrRefuse(db, config, id)]
        const outcomes = await replayLetters(db, config, letters)
        const count = (result: Outcome['result']) => outcomes.filter((each) => each.result === result).length
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
        await dropLetter(db, await letterOrRefuse(db, config, id))
        show(isJson(command), { id, dropped: true }, () => `Dead letter ${id} is forgotten.`)
      }),
    )

  /** Commander gives an option that the parent has too to the parent. */
  function isJson(parent: Command): boolean {
    return parent.opts<Options>().json === true || parent.commands.some((each) => each.opts<Options>().json === true)
  }
}

async function letterOrRefuse(db: Store, config: Config, id: string): Promise<Letter> {
  const letter = await findLetter(db, config, id)
  if (!letter) throw new Refusal(`there is no dead letter "${id}"; \`couture dead-letters\` shows those there are`)
  return letter
}

function line(letter: LetterView): string {
  const { id, at, kind, what, site, bytes, attempts, error } = letter
  const of = kind === 'derive' ? `${what} not derived` : `${site ?? 'no site'}, ${bytes} bytes`
  return `${id}  ${at}  ${of}  tried ${attempts === 1 ? 'once' : `${attempts} times`}\n    ${error}`
}
