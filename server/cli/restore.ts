/**
 * `couture restore FILE`: puts a backup in the place of the store. What came after it is landed again from the journal at
 * the next start, as far back as the journal keeps; who withdrew since then stays out.
 */
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import type { Command } from 'commander'
import { nanoid } from 'nanoid'
import { createKeysOf } from '../actions/sites.ts'
import { eraseAgain, markWithdrawn, readWithdrawn, type Withdrawn } from '../erasure/withdrawn.ts'
import { lockFolder } from '../journal/folder-lock.ts'
import { readConfigFromEnvironment } from '../ops/config.ts'
import { flushFile } from '../ops/flush.ts'
import { createKeyring } from '../ops/keyring.ts'
import { listSites } from '../store/sites.ts'
import { check, refusePostgres, syncFolder } from './backup.ts'
import { Refusal, show, withStore } from './store.ts'

/** Adds the command. */
export function registerRestore(program: Command): void {
  program
    .command('restore <file>')
    .description('put a backup in the place of the store; the server must be stopped, the old store is kept aside')
    .option('--json', 'print for programs')
    .action(async (file: string, options: { json?: boolean }) => {
      refusePostgres()
      const config = readConfigFromEnvironment(process.env)
      if (!existsSync(file)) throw new Refusal(`there is no file "${file}"`)
      const lock = lockFolder(config.dataDir)
      try {
        const store = join(config.dataDir, 'couture.db')
        const fresh = `${store}.restoring`
        for (const end of ['', '-wal', '-shm', '-journal']) rmSync(fresh + end, { force: true })
        copyFileSync(resolve(file), fresh)
        try {
          check(fresh)
        } catch (error) {
          rmSync(fresh, { force: true })
          throw error
        }
        const withdrawn = await withdrawnSince(store)
        const aside = putAside(store)
        renameSync(fresh, store)
        flushFile(store)
        syncFolder(config.dataDir)
        const keyring = createKeyring(config.secret)
        const { tombstone } = keyring
        let gone = 0
        await withStore(async (db) => {
          gone = await markWithdrawn(db, withdrawn, tombstone)
          const sites = await listSites(db)
          const keysOf = createKeysOf(keyring, () => sites)
          await eraseAgain(db, { keysOf, tombstone, newId: () => nanoid(22), now: Date.now() })
        })
        const missing = missingEntries(config.dataDir)
        show(options.json, { restored: store, aside, withdrawn: gone, missing_entries: missing }, () =>
          [
            `${store} is what ${file} was. The next start lands what the journal kept since then.`,
            ...(aside === null
              ? []
              : [`The old store is ${aside}; it holds personal data, so delete it when all is well.`]),
            ...(gone === 0
              ? []
              : [`${gone} visitors who withdrew since the backup will be deleted again at the start.`]),
            ...(missing === 0
              ? []
              : [`${missing} groups of requests since the backup are not in the journal any more, and are lost.`]),
          ].join('\n'),
        )
      } finally {
        lock.release()
      }
    })
}

/** Who has withdrawn by the store that is there; nobody is known if it cannot be read. */
async function withdrawnSince(store: string): Promise<Withdrawn> {
  const none: Withdrawn = { tombstones: [], withdrawals: [], spans: [] }
  if (!existsSync(store)) return none
  try {
    const old = new BetterSqlite3(store, { readonly: true })
    try {
      return readWithdrawn((sql) => old.prepare(sql).all())
    } finally {
      old.close()
    }
  } catch {
    // A store that is damaged is why somebody restores.
    return none
  }
}

/** Renames the store, with what belongs to it, to a name that is free. */
function putAside(store: string): string | null {
  if (!existsSync(store)) return null
  const day = new Date().toISOString().replace(/[:.]/g, '-')
  const aside = `${store}.before-${day}`
  for (const end of ['', '-wal', '-shm']) if (existsSync(store + end)) renameSync(store + end, aside + end)
  return aside
}

/** How many entries of the journal are neither landed in the restored store nor kept. */
function missingEntries(dataDir: string): number {
  const file = join(dataDir, 'journal.db')
  if (!existsSync(file)) return 0
  const journal = new BetterSqlite3(file, { readonly: true })
  const store = new BetterSqlite3(join(dataDir, 'couture.db'), { readonly: true })
  try {
    const id = journal.prepare("select value from meta where name = 'journal_id'").pluck().get()
    const landed = store.prepare('select position from cursors where journal_id = ?').pluck().get(id)
    const newest = journal.prepare("select seq from sqlite_sequence where name = 'entries'").pluck().get()
    const oldest = journal.prepare('select min(id) from entries').pluck().get() as number | null
    return Math.max(0, (oldest ?? Number(newest ?? 0) + 1) - Number(landed ?? 0) - 1)
  } finally {
    journal.close()
    store.close()
  }
}
