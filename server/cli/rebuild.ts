/** `couture rebuild`: derives everything again, and exits when it is done. */
import type { Command } from 'commander'
import { rebuildAll } from '../actions/rebuild.ts'
import { createBar, shareText } from './bar.ts'
import { noteCommand } from './by.ts'
import { show, withStore } from './store.ts'

/** Adds the command. */
export function registerRebuild(program: Command): void {
  program
    .command('rebuild')
    .description('derive everything again from the facts; if the server runs, it does the work and keeps serving')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) =>
      withStore(async (db, config) => {
        await noteCommand(db, 'rebuild', {})
        const bar = createBar()
        const visitors = await rebuildAll(db, config, (done, total) =>
          bar.draw((_, width) => shareText(done, total, 'visitors derived', width)),
        ).finally(() => bar.end())
        show(options.json, { visitors }, () => `${visitors.toLocaleString('en')} visitors were derived again.`)
      }),
    )
}
