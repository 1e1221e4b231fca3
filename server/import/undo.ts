/**
 * Undoes an import: what it changed gets its former values back, and what it created is removed, unless something has
 * changed the row since. It runs in short transactions and can be repeated after an interruption.
 */
import type { Kysely, Transaction } from 'kysely'
import { writeAudit } from '../store/audit.ts'
import { type KeysOf, writeContacts } from '../store/contacts.ts'
import { transact } from '../store/engine/transact.ts'
import {
  contactsWrittenBy,
  dropImportChanges,
  type ImportEntry,
  importChanges,
  markUndone,
  ordersWrittenBy,
  UNDO_MS,
} from '../store/imports.ts'
import { pushedOrders, restoreOrders } from '../store/orders.ts'
import { removeContacts } from '../store/remove-contacts.ts'
import { decodeJson } from '../store/schema/columns.ts'
import type { ContactRow, ImportChangeRow, OrderRow } from '../store/schema/contacts.ts'
import type { Database } from '../store/schema.ts'
import { lockName } from '../store/work/locks.ts'

/** How many rows got their former values back, how many were removed, and how many were left because they had changed. */
export type Undone = { restored: number; removed: number; kept: number }

/** Why an import cannot be undone now; null if it can. */
export function undoProblem(
  { state, undone, at }: Pick<ImportEntry, 'state' | 'undone' | 'at'>,
  now: number,
): { code: string; message: string } | null {
  if (state === 'running') return { code: 'import_running', message: 'the import must have ended before it is undone' }
  if (undone !== null) return { code: 'import_undone', message: 'the import was undone already' }
  if (at <= now - UNDO_MS) return { code: 'import_too_old', message: 'an import can be undone for 30 days only' }
  return null
}

/** What undoing needs. */
export type UndoDeps = { db: Kysely<Database>; keysOf: KeysOf; now: () => number; newId: () => string }

const BATCH_ROWS = 500

/** Undoes an import. */
export async function undoImport(
  deps: UndoDeps,
  { id, kind, counts, undone }: Pick<ImportEntry, 'id' | 'kind' | 'counts' | 'undone'>,
  actor: string,
): Promise<Undone> {
  const { db, keysOf, now, newId } = deps
  const contacts = kind === 'contacts'
  let restored = 0
  let removed = 0
  let kept = 0
  for (let more = true; more; ) {
    const step = await locked(db, kind, async (trx) => {
      const changes = await importChanges(trx, id, BATCH_ROWS)
      if (changes.length === 0) return null
      const given = contacts ? await restoreContacts(trx, id, changes, keysOf) : await giveBackOrders(trx, id, changes)
      const ids = changes.map((change) => change.item_id)
      await dropImportChanges(trx, id, ids)
      return { given, left: changes.length - given }
    })
    more = step !== null
    restored += step?.given ?? 0
    kept += step?.left ?? 0
  }
  // What is left of its rows was new.
  for (let after: string | undefined = ''; after !== undefined; ) {
    const from: string = after
    const gone: string[] = await locked(db, kind, (trx) =>
      contacts ? removeOwnContacts(trx, id, from) : removeOwnOrders(trx, id, from),
    )
    removed += gone.length
    after = gone.at(-1)
  }
  kept += Math.max(0, counts.created - removed)
  const total: Undone = { restored, removed, kept }
  const at = now()
  if (undone === null) await markUndone(db, id, { at: new Date(at).toISOString(), actor, ...total })
  await writeAudit(db, { id: newId(), at, actor, action: 'imports.undo', detail: { import: id, ...total } })
  return total
}

/** Runs a step in a transaction that holds the lock of its rows. */
function locked<T>(
  db: Kysely<Database>,
  kind: 'contacts' | 'orders',
  step: (trx: Transaction<Database>) => Promise<T>,
): Promise<T> {
  return transact(db, async (trx) => {
    await lockName(trx, kind)
    return step(trx)
  })
}

/** Gives contacts that nothing has written since back what they were. Returns how many. */
async function restoreContacts(
  trx: Transaction<Database>,
  importId: string,
  changes: ImportChangeRow[],
  keysOf: KeysOf,
): Promise<number> {
  const ids = changes.map((change) => change.item_id)
  const rows = await trx.selectFrom('contacts').selectAll().where('contact_id', 'in', ids).execute()
  const own = new Set(rows.filter((row) => row.import_id === importId).map((row) => row.contact_id as string))
  const former = changes
    .filter((change) => own.has(change.item_id))
    .map(({ before }) => decodeJson(before) as ContactRow)
  await writeContacts(trx, former, keysOf)
  return former.length
}

async function giveBackOrders(
  trx: Transaction<Database>,
  importId: string,
  changes: ImportChangeRow[],
): Promise<number> {
  const ids = changes.map((change) => change.item_id)
  const now = [...(await pushedOrders(trx, ids)).values()].filter((row) => row.import_id === importId)
  const own = new Set(now.map((row) => row.order_id))
  const former = changes.filter((change) => own.has(change.item_id)).map(({ before }) => decodeJson(before) as OrderRow)
  await restoreOrders(trx, { now, former, removed: [] })
  return former.length
}

async function removeOwnContacts(trx: Transaction<Database>, importId: string, after: string): Promise<string[]> {
  const rows = await contactsWrittenBy(trx, importId, after, BATCH_ROWS)
  const ids = rows.map((row) => row.contact_id)
  if (ids.length > 0) await removeContacts(trx, ids)
  return ids
}

async function removeOwnOrders(trx: Transaction<Database>, importId: string, after: string): Promise<string[]> {
  const now = await ordersWrittenBy(trx, importId, after, BATCH_ROWS)
  const removed = now.map((row) => row.order_id)
  if (removed.length > 0) await restoreOrders(trx, { now, former: [], removed })
  return removed
}
