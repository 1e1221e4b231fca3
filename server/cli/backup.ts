/** `couture backup FILE`: copies a consistent snapshot of the store while the server runs. */
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { backUp } from '../actions/backup.ts'
import { withStoreAsIs } from '../actions/prepare-store.ts'
import { readCommandConfig } from '../ops/config.ts'
import { createBar, shareText } from './bar.ts'
import { noteCommand } from './by.ts'
import { Refusal, show } from './store.ts'

/** Adds the command. */
export function registerBackup(program: Command): void {
  program
    .command('backup <file>')
    .description('copy the store to a file while the server runs; `couture restore` puts it back')
    .option('--json', 'print JSON')
    .action(async (file: string, options: { json?: boolean }) => {
      refusePostgres()
      const config = readCommandConfig(process.env)
      const { dataDir } = config
      const bar = createBar()
      const copy = await backUp(dataDir, resolve(file), (done, total) =>
        bar.draw((_, width) => shareText(done, total, 'pages', width)),
      ).finally(() => bar.end())
      await withStoreAsIs(config, (db) => noteCommand(db, 'backup', { file: copy.file, bytes: copy.bytes }))
      show(
        options.json,
        copy,
        () =>
          `The store is backed up to ${copy.file}: ${copy.bytes.toLocaleString('en')} bytes, verified.\n` +
          `It cannot be used without the secret: also keep ${join(dataDir, 'secret')} (or COUTURE_SECRET), in another place.`,
      )
    })
}

/** Refuses to work on PostgreSQL, which has better tools of its own. */
export function refusePostgres(): void {
  if (process.env.DATABASE_URL) {
    throw new Refusal(
      'DATABASE_URL is set, so the store is PostgreSQL: use pg_dump and pg_restore; also keep DATA_DIR and the secret',
    )
  }
}
