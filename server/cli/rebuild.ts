/** `couture rebuild`: makes everything derived again, and ends when it is done. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { nanoid } from 'nanoid'
import { createDeriver } from '../derive/derive.ts'
import { beginRebuild, readRebuild, rebuildLeft, rebuiltVisitors } from '../derive/rebuild.ts'
import type { Config } from '../ops/config.ts'
import { createKeyring } from '../ops/keyring.ts'
import { openShare } from '../store/open.ts'
import { LostClaim } from '../store/work/ownership.ts'
import { createBar, shareText } from './bar.ts'
import { holdFolder } from './folder.ts'
import { type Store, show, withStore } from './store.ts'

/** How often it is looked how far a running server is. */
const LOOK_MS = 200

/** How often its share is renewed. */
const BEAT_MS = 2000

/** Adds the command. */
export function registerRebuild(program: Command): void {
  program
    .command('rebuild')
    .description('make everything derived again from the facts; a running server goes on, and does the work')
    .option('--json', 'print for programs')
    .action((options: { json?: boolean }) =>
      withStore(async (db, config) => {
        await beginRebuild(db)
        await untilRebuilt(db, config)
        const visitors = await rebuiltVisitors(db)
        show(options.json, { visitors }, () => `${visitors.toLocaleString('en')} visitors were derived again.`)
      }),
    )
}

/** Waits for a running server, or does the work: alone on SQLite, as one of the processes on PostgreSQL. */
async function untilRebuilt(db: Store, config: Config): Promise<void> {
  const bar = createBar()
  const draw = async () => {
    const rebuild = await readRebuild(db)
    if (rebuild === null) return false
    const left = rebuild.phase === 'visitors' ? await rebuildLeft(db, rebuild.visitors) : 0
    bar.draw((_, width) => shareText(rebuild.visitors - left, rebuild.total, 'visitors derived', width))
    return true
  }
  try {
    while (await draw()) {
      const lock = config.databaseUrl === null ? holdFolder(config.dataDir) : null
      if (lock === null && config.databaseUrl === null) await sleep(LOOK_MS)
      else {
        await deriveUntil(db, config, draw)
        lock?.release()
      }
    }
  } finally {
    bar.end()
  }
}

async function deriveUntil(db: Store, config: Config, goOn: () => Promise<boolean>): Promise<void> {
  const { tombstone } = createKeyring(config.secret)
  const share = openShare(config, `command-${nanoid(10)}`)
  const deriver = createDeriver({ db, ownership: share.ownership, tombstone, now: () => Date.now() })
  // Another process may take over what this one derives: it is not written, and all is well.
  const round = () =>
    deriver.round().catch((error: unknown) => {
      if (error instanceof LostClaim) return true
      throw error
    })
  try {
    for (let beatAt = 0; await goOn(); ) {
      if (performance.now() >= beatAt) {
        await share.beat()
        beatAt = performance.now() + BEAT_MS
      }
      // A busy visitor rests for a moment, so there may be nothing to do before the end.
      if (!(await round())) await sleep(20)
    }
    if (config.databaseUrl === null) while (await round());
  } finally {
    await share.close()
  }
}
