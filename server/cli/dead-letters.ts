/**
 * `couture dead-letters …`: lists entries that failed to land and keys that failed to derive, and replays or drops them.
 * The list holds no personal data; `show` prints a letter in full.
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
import { noteCommand } from './by.ts'
import { Refusal, show, withStore } from './store.ts'

type Options = { json?: boolean; all?: boolean }

/** Adds the commands. */
export function registerDeadLetters(program: Command): void {
  const command = program
    .command('dead-letters')
    .description('list what failed to land or derive; the subcommands show, replay and drop it')
    .option('--json', 'print JSON')
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
    .description('print a dead letter in full, with the wrong field; the output holds personal data')
    .option('--json', 'print JSON')
    .action((id: string) =>
      withStore(async (db, config) => {
        const letter = await letterOrRefuse(db, config, id)
        const content = contentOf(letter)
        await noteCommand(db, 'dead_letters.read', { letters: 1 })
        const value = { ...letter.view, entry_content: content }
        show(isJson(command), value, () => `${line(letter.view)}\n${JSON.stringify(content, null, 2)}`)
      }),
    )
  command
    .command('replay [id]')
    .description('try one again, or --all, after the fault has been fixed')
    .option('--all', 'try all of them')
    .option('--json', 'print JSON')
    .action((id: string | undefined, options: Options) =>
      withStore(async (db, config) => {
        if ((id === undefined) === !options.all) throw new Refusal('give the ID of a dead letter, or --all')
        const letters = id === undefined ? await listLetters(db, config) : [await letterOrRefuse(db, config, id)]
        const outcomes = await replayLetters(db, config, letters)
        await noteCommand(db, 'dead_letters.replay', { letters: outcomes.length })
        const count = (result: Outcome['result']) => outcomes.filter((each) => each.result === result).length
        const counts = { landed: count('landed'), derived: count('derived'), asked: count('asked') }
        const failed = outcomes.filter((each) => each.result === 'failed')
        show(isJson(command), { ...counts, failed: failed.length, letters: outcomes }, () =>
          [
            `${counts.landed} landed, ${counts.derived} derived, ${failed.length} failed again.`,
            ...(counts.asked > 0
              ? [`${counts.asked} will be derived by the server once it runs or is less busy.`]
              : []),
            ...failed.map((each) => `  ${each.id}  ${'error' in each ? each.error : ''}`),
          ].join('\n'),
        )
        if (failed.length > 0) process.exitCode = 1
      }),
    )
  command
    .command('drop <id>')
    .description('delete one with its content')
    .option('--json', 'print JSON')
    .action((id: string) =>
      withStore(async (db, config) => {
        await dropLetter(db, await letterOrRefuse(db, config, id))
        await noteCommand(db, 'dead_letters.drop', { letters: 1 })
        show(isJson(command), { id, dropped: true }, () => `Dead letter ${id} is deleted.`)
      }),
    )

  /** Commander assigns an option that a parent also defines to the parent. */
  function isJson(parent: Command): boolean {
    return parent.opts<Options>().json === true || parent.commands.some((each) => each.opts<Options>().json === true)
  }
}

async function letterOrRefuse(db: Store, config: Config, id: string): Promise<Letter> {
  const letter = await findLetter(db, config, id)
  if (!letter) throw new Refusal(`there is no dead letter "${id}"; \`couture dead-letters\` lists them`)
  return letter
}

function line(letter: LetterView): string {
  const { id, at, kind, what, site, bytes, attempts, error } = letter
  const subject = kind === 'derive' ? `${what} not derived` : `${site ?? 'no site'}, ${bytes} bytes`
  return `${id}  ${at}  ${subject}  tried ${attempts === 1 ? 'once' : `${attempts} times`}\n    ${error}`
}
