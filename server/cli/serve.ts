/** `couture serve`: runs the server until it gets a signal to stop. */
import type { Command } from 'commander'
import { start } from '../main.ts'
import { readServerConfig } from '../ops/config.ts'
import { createLog } from '../ops/log.ts'
import { ownerLines } from './owner-lines.ts'
import { watchRebuild } from './rebuild-watch.ts'

/** Adds the command. */
export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('run the collector, the API and the dashboard')
    .action(async () => {
      const config = readServerConfig(process.env)
      let owner: string[] = []
      let isPrinted = false
      const running = await start(config, (made) => {
        owner = ownerLines(made, config.adminPassword !== null)
        if (isPrinted) console.log(owner.join('\n'))
      })
      isPrinted = true
      console.log(
        [
          ...(config.isNew ? [`A new installation was made in DATA_DIR ${config.dataDir}`, ''] : []),
          `Couture is at      ${running.address}`,
          `Dashboard          ${running.dashboard}`,
          ...owner,
          ...(running.demo === null ? [] : [`Demo shop          ${running.demo}`]),
          '',
          running.site === null
            ? 'Make a site with `couture init`, and paste this with its id into every page of the shop:'
            : `Paste into every page of a shop (this is the site "${running.site}"):`,
          running.snippet,
        ].join('\n'),
      )
      const watching = new AbortController()
      const log = createLog(config.logLevel)
      void watchRebuild(running.rebuild, (progress, text) => log.info(progress, text), watching.signal)
      let stopping = false
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        process.on(signal, async () => {
          // A second signal ends the process at once. Everything acknowledged is on disk.
          if (stopping) process.exit(1)
          stopping = true
          watching.abort()
          const { left } = await running.stop()
          process.exit(left.length > 0 ? 1 : process.exitCode)
        })
      }
    })
}
