/**
 * Replaces a SQLite store with a backup. The next start lands what came after the backup again, as far back as the
 * journal goes. Visitors that withdrew, contacts that were erased and sites that were deleted since the
 * backup remain deleted. Everybody must sign in again.
 */
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { nanoid } from 'nanoid'
import { eraseAgain, markWithdrawn, readWithdrawn, type Withdrawn } from '../erasure/withdrawn.ts'
import { lockFolder } from '../journal/folder-lock.ts'
import { openJournalReader } from '../journal/journal.ts'
import type { Config } from '../ops/config.ts'
import { flushFile, flushFolder } from '../ops/flush.ts'
import { createKeyring } from '../ops/keyring.ts'
import { makePrivate } from '../ops/private-files.ts'
import { addAudited, lastAuditAt } from '../store/audit.ts'
import { readCursor } from '../store/cursors.ts'
import { readSqliteFile } from '../store/engine/sqlite-file.ts'
import type { AuditRow } from '../store/schema/configuration.ts'
import { endAllSessions } from '../store/sessions.ts'
import { checkBackup, SQLITE_SUFFIXES } from './backup.ts'
import { type Store, withStoreOf } from './prepare-store.ts'
import { readKeysOf } from './sites.ts'

/** The outcome of a restore. */
export type Restored = {
  store: string
  /** The file of the old store; null if there was none. */
  aside: string | null
  /** Visitors that withdrew since the backup, and are deleted again at the next start. */
  withdrawn: number
  /** Entries since the backup that the journal no longer holds. */
  missing: number
}

/** Restores a backup. The server must be stopped. `note` audits it. */
export async function restoreBackup(
  config: Config,
  file: string,
  note: (db: Store) => Promise<void>,
): Promise<Restored> {
  if (!existsSync(file)) throw new Error(`there is no file "${file}"`)
  const lock = lockFolder(config.dataDir)
  try {
    const store = join(config.dataDir, 'couture.db')
    const fresh = `${store}.restoring`
    for (const suffix of SQLITE_SUFFIXES) rmSync(fresh + suffix, { force: true })
    copyFileSync(file, fresh)
    // The copy has the mode of the backup.
    makePrivate(fresh)
    try {
      checkBackup(fresh)
    } catch (error) {
      rmSync(fresh, { force: true })
      throw error
    }
    const since = withdrawnSince(store)
    const aside = putAside(store)
    renameSync(fresh, store)
    flushFile(store)
    flushFolder(config.dataDir)
    const keyring = createKeyring(config.secret)
    const { tombstone } = keyring
    return await withStoreOf(config, async (db) => {
      await endAllSessions(db)
      const withdrawn = await markWithdrawn(db, since, tombstone, Date.now())
      if (aside !== null) await keepAudit(db, aside)
      await note(db)
      const keysOf = await readKeysOf(db, keyring)
      await eraseAgain(db, { keysOf, tombstone, newId: () => nanoid(22), now: Date.now() })
      return { store, aside, withdrawn, missing: await missingEntries(db, config.dataDir) }
    })
  } finally {
    lock.release()
  }
}

/** The withdrawals and erasures of the current store; none if it cannot be read. */
function withdrawnSince(store: string): Withdrawn {
  const none: Withdrawn = { tombstones: [], withdrawals: [], spans: [], sites: [], users: [], choices: [] }
  if (!existsSync(store)) return none
  try {
    return readSqliteFile(store, readWithdrawn)
  } catch {
    // A damaged store is a common reason for a restore.
    return none
  }
}

/** Keeps what was audited since the backup, where the old store can still be read. */
async function keepAudit(db: Store, aside: string): Promise<void> {
  const last = await lastAuditAt(db)
  let rows: AuditRow[]
  try {
    rows = readSqliteFile(aside, (query) => query(`select * from audit where at >= ${last}`) as AuditRow[])
  } catch {
    // A damaged store is a common reason for a restore.
    return
  }
  await addAudited(db, rows)
}

/** Renames the store and the files beside it. */
function putAside(store: string): string | null {
  if (!existsSync(store)) return null
  const day = new Date().toISOString().replace(/[:.]/g, '-')
  const aside = `${store}.before-${day}`
  for (const end of ['', '-wal', '-shm']) if (existsSync(store + end)) renameSync(store + end, aside + end)
  return aside
}

/** How many journal entries have not landed in the restored store and are already pruned. */
async function missingEntries(db: Store, dataDir: string): Promise<number> {
  const file = join(dataDir, 'journal.db')
  if (!existsSync(file)) return 0
  const journal = openJournalReader(file)
  try {
    const { journalId, oldest } = journal.identity()
    const landed = (await readCursor(db, journalId))?.position ?? 0
    return Math.max(0, oldest - landed - 1)
  } finally {
    journal.close()
  }
}
