/**
 * Records an import: its place in the history with what became of it, also if it was cut short, what it changed, and a row
 * of the audit.
 */
import type { Kysely, Transaction } from 'kysely'
import { writeAudit } from '../store/audit.ts'
import type { WritingImport } from '../store/contacts.ts'
import { insertImport, noteFormerRows, updateImport } from '../store/imports.ts'
import { encodeJson } from '../store/schema/columns.ts'
import type { ContactRow, ImportChangeRow, ImportRow, OrderRow } from '../store/schema/contacts.ts'
import type { Database } from '../store/schema.ts'
import type { ImportOutcome } from './run.ts'
import type { Source } from './source.ts'

/** Collects the changes of a transaction, and writes them with it. */
export type Changes = {
  writing: WritingImport<ContactRow | OrderRow>
  write(trx: Transaction<Database>): Promise<void>
}

/** An import under way: collects what its next transaction changes. */
export type ImportRecord = { id: string; changes: () => Changes }

/** Who imports what. `file`: its name, if it has one. */
export type ImportNote = { kind: 'contacts' | 'orders'; actor: string; file: string | null }

/** What recording needs. */
export type RecordDeps = { db: Kysely<Database>; newId: () => string; now: () => number }

/** How often a running import writes how far it is. */
const BEAT_MS = 5000

/** So many rejected rows are kept in the history; the reply to the import itself lists more. */
const MAX_KEPT = 200

/** Runs an import, and records it. `run` is given the record, and what to call after each transaction. */
export async function recordedImport(
  { db, newId, now }: RecordDeps,
  source: Source,
  { kind, actor, file }: ImportNote,
  run: (record: ImportRecord, onProgress: (rows: number, outcome: ImportOutcome) => void) => Promise<ImportOutcome>,
): Promise<ImportOutcome & { id: string }> {
  const id = newId()
  const began = now()
  await insertImport(db, { id, kind, at: began, actor, file: file?.slice(0, 200) ?? null })
  let last: ImportOutcome = { created: 0, updated: 0, unchanged: 0, rejected: [], rejected_total: 0 }
  let beatAt = began
  let state: ImportRow['state'] = 'running'
  let writing = Promise.resolve()
  const write = () => {
    const { created, updated, unchanged, rejected, rejected_total } = last
    const counts = { created, updated, unchanged, rejected: rejected_total }
    const { notes } = last
    const report = {
      ...{ columns: source.columns, questions: source.questions(), dialect: source.dialect() },
      ...{ rejected: rejected.slice(0, MAX_KEPT) },
      ...(notes === undefined ? {} : { notes }),
    }
    beatAt = now()
    return updateImport(db, id, beatAt, { state, counts, report })
  }
  const changes = () => collectChanges(id, began)
  try {
    const outcome = await run({ id, changes }, (_, soFar) => {
      last = soFar
      // What fails here fails again when the import ends.
      if (now() - beatAt >= BEAT_MS) writing = write().catch(() => {})
    })
    last = outcome
    state = 'complete'
    return { ...outcome, id }
  } finally {
    if (state === 'running') state = 'cut short'
    await writing
    await write()
    const { created, updated, unchanged, rejected_total } = last
    const detail = {
      ...{ import: id, created, updated, unchanged, rejected: rejected_total },
      ...(state === 'complete' ? {} : { complete: false }),
    }
    await writeAudit(db, { id: newId(), at: now(), actor, action: `${kind}.write`, detail })
  }
}

function collectChanges(importId: string, at: number): Changes {
  const rows: ImportChangeRow[] = []
  return {
    writing: {
      id: importId,
      note(before) {
        const item_id = 'order_id' in before ? before.order_id : before.contact_id
        rows.push({ item_id, import_id: importId, contact_id: before.contact_id, at, before: encodeJson(before) })
      },
    },
    write: (trx) => noteFormerRows(trx, rows),
  }
}
