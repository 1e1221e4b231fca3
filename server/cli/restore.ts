/** `couture restore FILE`: replaces the store with a backup. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { restoreBackup } from '../actions/restore.ts'
import { readCommandConfig } from '../ops/config.ts'
import { refusePostgres } from './backup.ts'
import { noteCommand } from './by.ts'
import { show } from './store.ts'

/** Adds the command. */
export function registerRestore(program: Command): void {
  program
    .command('restore <file>')
    .description('replace the store with a backup; the server must be stopped, and the old store is kept')
    .option('--json', 'print JSON')
    .action(async (file: string, options: { json?: boolean }) => {
      refusePostgres()
      const config = readCommandConfig(process.env)
      const { store, aside, withdrawn, missing } = await restoreBackup(config, resolve(file), (db) =>
        noteCommand(db, 'restore', { file: resolve(file) }),
      )
      show(options.json, { restored: store, aside, withdrawn, missing_entries: missing }, () =>
        [
          `${store} is restored from ${file}. When the server starts, it lands what the journal has kept since the backup.`,
          ...(aside === null
            ? []
            : [`The old store is now ${aside}. It holds personal data, so delete it once the restored one works.`]),
          ...(withdrawn === 0
            ? []
            : [`${withdrawn} visitors that withdrew since the backup will be deleted again when the server starts.`]),
          ...(missing === 0
            ? []
            : [`${missing} groups of requests since the backup are no longer in the journal, and are lost.`]),
        ].join('\n'),
      )
    })
}
