/** Creates and revokes API keys, for the commands and the API. Both leave an audit row. */
import type { Kysely } from 'kysely'
import { nanoid } from 'nanoid'
import type { ApiKey } from '../domain/api-key.ts'
import { createKeyUse } from '../ops/key-use.ts'
import { hashSecret, newSecret } from '../ops/keyring.ts'
import { deleteApiKey, noteKeyUse, putApiKey } from '../store/api-keys.ts'
import { type By, writeAudit } from '../store/audit.ts'
import { isPassing } from '../store/engine/transact.ts'
import type { Database } from '../store/schema.ts'

/** A new key with its text, which is returned once and not stored. */
export type NewKey = ApiKey & { key: string; created_at: number }

/** Creates a key. A bare id may start with a dash, which a command would read as an option, so it has a prefix. */
export async function createKey(db: Kysely<Database>, given: Omit<ApiKey, 'id'>, by: By): Promise<NewKey> {
  const made = { id: `key-${nanoid(10)}`, ...given }
  const key = newSecret('ck_')
  await putApiKey(db, { ...made, hash: hashSecret(key) }, by.at, (trx) => {
    const expires = made.expires_at === null ? null : new Date(made.expires_at).toISOString()
    const detail = { key: made.id, name: made.name, scopes: made.scopes, expires_at: expires }
    return writeAudit(trx, { id: by.newId(), at: by.at, actor: by.actor, action: 'key.create', detail })
  })
  return { ...made, key, created_at: by.at }
}

/** Notes the last use of keys in the store, at most once a minute for each. `settled` resolves when all are stored. */
export function createKeyNotes(db: Kysely<Database>, now: () => number, onError: (error: unknown) => void) {
  const pending = new Set<Promise<void>>()
  const used = createKeyUse(now, (id, at) => {
    const noting = noteKeyUse(db, id, at)
      .catch((error: unknown) => {
        // A store that is away is told of the next use.
        if (!isPassing(error)) onError(error)
      })
      .finally(() => pending.delete(noting))
    pending.add(noting)
  })
  return { used, settled: () => Promise.all(pending) }
}

/** Revokes a key: it is deleted, and refused from now on. Returns whether it existed. */
export function revokeKey(db: Kysely<Database>, id: string, by: By): Promise<boolean> {
  return deleteApiKey(db, id, (trx, { name, scopes }) =>
    writeAudit(trx, {
      ...{ id: by.newId(), at: by.at, actor: by.actor, action: 'key.revoke' },
      detail: { key: id, name, scopes },
    }),
  )
}
