/** `couture restore FILE`: puts a backup in the place of the store. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { restoreBackup } from '../actions/restore.ts'
import { readConfigFromEnvironment } from '../ops/config.ts'
import { refusePostgres } from './backup.ts'
import { show } from './store.ts'

/** Adds the command. */
export function registerRestore(program: Command): void {
  program
    .command('restore <file>')
    .description('put a backup in the place of the store; the server must be stopped, the old store is kept aside')
    .option('--json', 'print for programs')
    .action(async (file: string, options: { json?: boolean }) => {
      refusePostgres()
      const config = readConfigFromEnvironment(process.env)
      const { store, aside, withdrawn, missing } = await restoreBackup(config, resolve(file))
      show(options.json, { restored: store, aside, withdrawn, missing_entries: missing }, () =>
        [
          `${store} is what ${file} was. The next start lands what the journal kept since then.`,
          ...(aside === null
            ? []
            : [`The old store is ${aside}; it holds personal data, so delete it when all is well.`]),
          ...(withdrawn === 0
            ? []
            : [`${withdrawn} visitors who withdrew since the backup will be deleted again at the start.`]),
          ...(missing === 0
            ? []
            : [`${missing} groups of requests since the backup are not in the journal any more, and are lost.`]),
        ].join('\n'),
      )
    })
}
