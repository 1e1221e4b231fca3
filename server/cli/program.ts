/** The command line. Commands work beside a running server, exit with 1 and one sentence on failure, and have `--json`. */
import { Command, CommanderError } from 'commander'
import pkg from '../../package.json' with { type: 'json' }
import { writeBuild } from '../ops/bundle.ts'
import { PRIVATE_UMASK } from '../ops/private-files.ts'
import { weighTags } from '../ops/tag-weight.ts'
import { registerAttributes } from './attributes.ts'
import { registerAudit } from './audit.ts'
import { registerBackup } from './backup.ts'
import { registerCopy } from './copy.ts'
import { registerDeadLetters } from './dead-letters.ts'
import { registerDoctor } from './doctor.ts'
import { registerErase } from './erase.ts'
import { registerImports } from './import.ts'
import { registerImportHistory } from './imports.ts'
import { registerInit } from './init.ts'
import { registerKeys } from './keys.ts'
import { registerRebuild } from './rebuild.ts'
import { registerRestore } from './restore.ts'
import { registerSegments } from './segments.ts'
import { registerServe } from './serve.ts'
import { registerSites } from './sites.ts'
import { Refusal } from './store.ts'
import { registerTokens } from './tokens.ts'
import { registerTrace } from './trace.ts'
import { registerUsers } from './users.ts'

function createProgram(): Command {
  const program = new Command('couture')
    .description('Sews anonymous visits to the customers a shop already knows, with their consent.')
    .version(pkg.version, '--version', 'print the version')
    .exitOverride()
    .hook('preAction', (_, command) => {
      // What `build` writes is public.
      if (command.name() !== 'build') process.umask(PRIVATE_UMASK)
    })

  registerServe(program)
  registerInit(program)
  program
    .command('build')
    .description('write the tag and the dashboard to dist/')
    .action(async () => {
      for (const file of await writeBuild()) console.log(file)
      const { lines, excesses } = await weighTags()
      for (const line of lines) console.log(line)
      if (excesses.length > 0) throw new Refusal(`the tag is over its budget: ${excesses.join('; ')}`)
    })
  registerSites(program)
  registerKeys(program)
  registerAudit(program)
  registerUsers(program)
  registerSegments(program)
  registerTokens(program)
  registerImports(program)
  registerImportHistory(program)
  registerAttributes(program)
  registerErase(program)
  registerBackup(program)
  registerRestore(program)
  registerCopy(program)
  registerRebuild(program)
  registerDeadLetters(program)
  registerTrace(program)
  registerDoctor(program)
  return program
}

/** Runs a command line, given from the command's name on. Returns the exit code; `serve` keeps running afterwards. */
export async function run(args: string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    // Commander has already printed its error. It also throws for `--help`, with exit code 0.
    if (error instanceof CommanderError) return error.exitCode
    console.error(error instanceof Error ? error.message : String(error))
    return 1
  }
}
