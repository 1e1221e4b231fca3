/**
 * Undoes an import: what it changed gets its former values back, and what it created is removed, unless something has
 * changed the row since. It runs in short transactions and can be repeated after an interruption.
 */
import type { Kysely, Transaction } from 'kysely'
import { writeAudit } from '../store/audit.ts'
import { type KeysOf, writeContacts } from '../store/contacts.ts'
import { transact } from '../store/engine/transact.ts'
import { dropImportChanges, type ImportEntry, importChanges, markUndone, UNDO_MS } from '../store/imports.ts'
import { pushedOrders, restoreOrders } from '../store/orders.ts'
import { removeContacts } from '../store/remove-contacts.ts'
import { decodeJson } from '../store/schema/columns.ts'
import type { ContactRow, ImportChangeRow, OrderRow } from '../store/schema/contacts.ts'
import type { Database } from '../store/schema.ts'
import { lockName } from '../store/work/locks.ts'
import { hashOf } from './recorded.ts'

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
  { db, keysOf, now, newId }: UndoDeps,
  { id, kind, undone }: Pick<ImportEntry, 'id' | 'kind' | 'undone'>,
  actor: string,
): Promise<Undone> {
  const total: Undone = { restored: 0, removed: 0, kept: 0 }
  for (let more = true; more; ) {
    more = await transact(db, async (trx) => {
      await lockName(trx, kind)
      const changes = await importChanges(trx, id, BATCH_ROWS)
      if (changes.length === 0) return false
      const step = kind === 'contacts' ? await undoContacts(trx, changes, keysOf) : await undoOrders(trx, changes)
      await dropImportChanges(
        trx,
        id,
        changes.map((change) => change.item_id),
      )
      for (const name of ['restored', 'removed', 'kept'] as const) total[name] += step[name]
      return true
    })
  }
  const at = now()
  if (undone === null) await markUndone(db, id, { at: new Date(at).toISOString(), actor, ...total })
  await writeAudit(db, { id: newId(), at, actor, action: 'imports.undo', detail: { import: id, ...total } })
  return total
}

async function undoContacts(trx: Transaction<Database>, changes: ImportChangeRow[], keysOf: KeysOf): Promise<Undone> {
  const ids = changes.map((change) => change.item_id)
  const rows = await trx.selectFrom('contacts').selectAll().where('contact_id', 'in', ids).execute()
  const now = new Map(rows.map((row) => [row.contact_id as string, row]))
  const { former, created, kept } = sorted<ContactRow>(changes, now)
  await writeContacts(trx, former, keysOf)
  await removeContacts(
    trx,
    created.map((row) => row.contact_id),
  )
  return { restored: former.length, removed: created.length, kept }
}

async function undoOrders(trx: Transaction<Database>, changes: ImportChangeRow[]): Promise<Undone> {
  const now = await pushedOrders(
    trx,
    changes.map((change) => change.item_id),
  )
  const { former, created, kept } = sorted<OrderRow>(changes, now)
  await restoreOrders(trx, former, created)
  return { restored: former.length, removed: created.length, kept }
}

/** What to restore and what to remove of the rows that are still as the import left them. */
function sorted<Row extends ContactRow | OrderRow>(changes: ImportChangeRow[], now: Map<string, Row>) {
  const former: Row[] = []
  const created: Row[] = []
  let kept = 0
  for (const { item_id, before, after_hash } of changes) {
    const row = now.get(item_id)
    if (row === undefined || hashOf(row) !== after_hash) kept++
    else if (before === null) created.push(row)
    else former.push(decodeJson(before) as Row)
  }
  return { former, created, kept }
}
