/** `couture rebuild`: makes everything derived again, and ends when it is done. */
import type { Command } from 'commander'
import { createDeriver } from '../derive/derive.ts'
import type { Config } from '../ops/config.ts'
import { createKeyring } from '../ops/keyring.ts'
import { ownsEverything } from '../store/ownership.ts'
import { beginRebuild, readRebuild, rebuildLeft, rebuiltVisitors } from '../store/rebuild.ts'
import { createBar, shareText } from './bar.ts'
import { holdFolder } from './folder.ts'
import { type Store, show, withStore } from './store.ts'

/** How often it is looked how far a running server is. */
const LOOK_MS = 200

/** Adds the command. */
export function registerRebuild(program: Command): void {
  program
    .command('rebuild')
    .description('make everything derived again from the facts; a running server goes on, and does the work')
    .option('--json', 'print for programs')
    .action((options: { json?: boolean }) =>
      withStore(async (db, config) => {
        const bar = createBar()
        await beginRebuild(db)
        const deriver = createOwnDeriver(db, config)
        const draw = async () => {
          const rebuild = await readRebuild(db)
          if (rebuild === null) return false
          const left = rebuild.phase === 'visitors' ? await rebuildLeft(db, rebuild.visitors) : 0
          bar.draw((_, width) => shareText(rebuild.visitors - left, rebuild.total, 'visitors derived', width))
          return true
        }
        try {
          while (await draw()) {
            const alone = holdFolder(config.dataDir)
            if (alone === null) await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
            else
              try {
                // A busy visitor rests for a moment, so there may be nothing to do before the end.
                while (await draw()) if (!(await deriver.round())) await new Promise((go) => setTimeout(go, 20))
                while (await deriver.round());
              } finally {
                alone.release()
              }
          }
        } finally {
          bar.end()
        }
        const visitors = await rebuiltVisitors(db)
        show(options.json, { visitors }, () => `${visitors.toLocaleString('en')} visitors were derived again.`)
      }),
    )
}

function createOwnDeriver(db: Store, config: Config) {
  const { tombstone } = createKeyring(config.secret)
  return createDeriver({ db, ownership: ownsEverything, tombstone, now: () => Date.now() })
}
