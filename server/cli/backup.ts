/** `couture backup FILE`: a copy of the store as it is at one moment, made while the server runs. */
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { backUp } from '../actions/backup.ts'
import { readConfigFromEnvironment } from '../ops/config.ts'
import { createBar, shareText } from './bar.ts'
import { Refusal, show } from './store.ts'

/** Adds the command. */
export function registerBackup(program: Command): void {
  program
    .command('backup <file>')
    .description('copy the store to a file while the server runs; `couture restore` brings it back')
    .option('--json', 'print for programs')
    .action(async (file: string, options: { json?: boolean }) => {
      refusePostgres()
      const { dataDir } = readConfigFromEnvironment(process.env)
      const bar = createBar()
      const copy = await backUp(dataDir, resolve(file), (done, total) =>
        bar.draw((_, width) => shareText(done, total, 'pages', width)),
      ).finally(() => bar.end())
      show(
        options.json,
        copy,
        () =>
          `${copy.file} holds the store, ${copy.bytes.toLocaleString('en')} bytes, checked.\n` +
          `It is of no use without the secret: keep ${join(dataDir, 'secret')} (or COUTURE_SECRET) too, in another place.`,
      )
    })
}

/** PostgreSQL has tools of its own, which know more than we do. */
export function refusePostgres(): void {
  if (process.env.DATABASE_URL) {
    throw new Refusal(
      'with DATABASE_URL the store is PostgreSQL: pg_dump and pg_restore are the way; keep DATA_DIR and the secret too',
    )
  }
}
