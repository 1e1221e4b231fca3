/** `config_version`: readers of sites and keys compare it to find out whether they must reload them. */
import type { Kysely, Transaction } from 'kysely'
import { readMeta, writeMeta } from './meta.ts'
import type { Database } from './schema.ts'
import { lockName } from './work/locks.ts'

/** The current version. It changes with every change of sites and keys, and whenever all visitors must be derived again. */
export async function configVersion(db: Kysely<Database>): Promise<number> {
  return Number((await readMeta(db, 'config_version')) ?? 0)
}

/** Increments the version. Other transactions that change the configuration wait until this one ends. */
export async function moveVersion(trx: Transaction<Database>): Promise<void> {
  await lockName(trx, 'config')
  await writeMeta(trx, 'config_version', String((await configVersion(trx)) + 1))
}
