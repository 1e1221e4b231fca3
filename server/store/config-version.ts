/** `config_version`: readers of sites and keys compare it to find out whether they must read them again. */
import type { Kysely, Transaction } from 'kysely'
import { readMeta, writeMeta } from './meta.ts'
import type { Database } from './schema.ts'
import { lockName } from './work/locks.ts'

/** Moves with every change of sites and keys, and whenever all visitors are to be derived anew. */
export async function configVersion(db: Kysely<Database>): Promise<number> {
  return Number((await readMeta(db, 'config_version')) ?? 0)
}

/** Counts a change. Others who change something wait until this transaction ends. */
export async function moveVersion(trx: Transaction<Database>): Promise<void> {
  await lockName(trx, 'config')
  await writeMeta(trx, 'config_version', String((await configVersion(trx)) + 1))
}
