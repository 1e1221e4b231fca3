/** API keys, stored as hashes. Every change increments `config_version`; their last use does not. */
import type { Kysely, Transaction } from 'kysely'
import type { ApiKey } from '../domain/api-key.ts'
import { moveVersion } from './config-version.ts'
import { transact } from './engine/transact.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { Database } from './schema.ts'

/** A stored API key: only its hash is known. */
export type StoredKey = ApiKey & { hash: string }

/** A key as it is listed. */
export type ListedKey = ApiKey & { created_at: number; last_used_at: number | null }

/** Adds an API key by its hash, replacing one with the same id. `note` runs in the transaction. */
export async function putApiKey(
  db: Kysely<Database>,
  { id, hash, name, scopes, expires_at }: StoredKey,
  now: number,
  note?: (trx: Transaction<Database>) => Promise<void>,
): Promise<void> {
  await transact(db, async (trx) => {
    await moveVersion(trx)
    const row = { hash, name, scopes: encodeJson(scopes), expires_at, created_at: now, last_used_at: null }
    await trx
      .insertInto('api_keys')
      .values({ id, ...row })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
      .execute()
    await note?.(trx)
  })
}

/** All keys, the oldest first, without their hashes. */
export async function listApiKeys(db: Kysely<Database>): Promise<ListedKey[]> {
  const rows = await db
    .selectFrom('api_keys')
    .select(['id', 'name', 'scopes', 'created_at', 'expires_at', 'last_used_at'])
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map((row) => ({ ...row, scopes: decodeJson(row.scopes) }))
}

/** Deletes a key and returns it, if there was one. `note` runs in the transaction. */
export async function deleteApiKey(
  db: Kysely<Database>,
  id: string,
  note?: (trx: Transaction<Database>, key: { name: string | null; scopes: string[] }) => Promise<void>,
): Promise<boolean> {
  return transact(db, async (trx) => {
    await moveVersion(trx)
    const deleted = await trx.deleteFrom('api_keys').where('id', '=', id).returning(['name', 'scopes']).execute()
    const [key] = deleted
    if (key === undefined) return false
    await note?.(trx, { name: key.name, scopes: decodeJson(key.scopes) })
    return true
  })
}

/** Notes a use of a key. */
export async function noteKeyUse(db: Kysely<Database>, id: string, at: number): Promise<void> {
  await db
    .updateTable('api_keys')
    .set({ last_used_at: at })
    .where('id', '=', id)
    .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<', at)]))
    .execute()
}
