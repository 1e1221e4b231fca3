/** `couture rebuild`: makes everything derived again, and ends when it is done. */
import type { Command } from 'commander'
import { rebuildAll } from '../actions/rebuild.ts'
import { createBar, shareText } from './bar.ts'
import { show, withStore } from './store.ts'

/** Adds the command. */
export function registerRebuild(program: Command): void {
  program
    .command('rebuild')
    .description('make everything derived again from the facts; a running server goes on, and does the work')
    .option('--json', 'print for programs')
    .action((options: { json?: boolean }) =>
      withStore(async (db, config) => {
        const bar = createBar()
        const visitors = await rebuildAll(db, config, (done, total) =>
          bar.draw((_, width) => shareText(done, total, 'visitors derived', width)),
        ).finally(() => bar.end())
        show(options.json, { visitors }, () => `${visitors.toLocaleString('en')} visitors were derived again.`)
      }),
    )
}
