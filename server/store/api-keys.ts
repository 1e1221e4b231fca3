/** API keys, stored as hashes. Every change increments `config_version`. */
import type { Kysely } from 'kysely'
import { moveVersion } from './config-version.ts'
import { transact } from './engine/transact.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { Database } from './schema.ts'

/** A stored API key: only its hash is known. */
export type ApiKey = { id: string; hash: string; scopes: string[] }

/** Adds an API key by its hash, replacing one with the same id. */
export async function putApiKey(db: Kysely<Database>, key: ApiKey, now: number): Promise<void> {
  await transact(db, async (trx) => {
    await moveVersion(trx)
    const row = { hash: key.hash, scopes: encodeJson(key.scopes), created_at: now }
    await trx
      .insertInto('api_keys')
      .values({ id: key.id, ...row })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
      .execute()
  })
}

/** All keys, without their hashes. */
export async function listApiKeys(
  db: Kysely<Database>,
): Promise<{ id: string; scopes: string[]; created_at: number }[]> {
  const rows = await db.selectFrom('api_keys').select(['id', 'scopes', 'created_at']).orderBy('created_at').execute()
  return rows.map((row) => ({ ...row, scopes: decodeJson(row.scopes) }))
}

/** Deletes a key. Returns whether it existed. */
export async function deleteApiKey(db: Kysely<Database>, id: string): Promise<boolean> {
  return transact(db, async (trx) => {
    await moveVersion(trx)
    const deleted = await trx.deleteFrom('api_keys').where('id', '=', id).returning('id').execute()
    return deleted.length > 0
  })
}
