/** How far each journal has been landed. The cursor moves in the same transaction as the facts it covers. */
import type { Kysely } from 'kysely'
import type { Database } from './schema.ts'

/**
 * A position in a journal, and the opening of the journal that assigned it: after the journal is restored from a backup,
 * the same number is a different entry.
 */
export type Cursor = { position: number; opening: string }

/** The cursor before anything has been landed. */
export const BEGINNING: Cursor = { position: 0, opening: '' }

/** A journal's cursor; null if nothing from it was ever landed. */
export async function readCursor(db: Kysely<Database>, journalId: string): Promise<Cursor | null> {
  const row = await db
    .selectFrom('cursors')
    .select(['position', 'opening'])
    .where('journal_id', '=', journalId)
    .executeTakeFirst()
  return row ? { position: Number(row.position), opening: row.opening } : null
}

/** How many other journals have landed here, and the furthest position among them. */
export async function readOtherCursors(
  db: Kysely<Database>,
  journalId: string,
): Promise<{ journals: number; furthest: number }> {
  const rows = await db.selectFrom('cursors').select('position').where('journal_id', '!=', journalId).execute()
  return { journals: rows.length, furthest: Math.max(0, ...rows.map((row) => Number(row.position))) }
}

/** Another process moved the cursor: two machines have a copy of the same journal. */
export class CursorMoved extends Error {
  /** A store error, not a fault of the data (`isPoison`). */
  readonly code = 'CURSOR_MOVED'
}

/** Moves a journal's cursor, in the transaction that lands the facts. Throws if it has moved since it was read. */
export async function moveCursor(
  db: Kysely<Database>,
  journalId: string,
  from: Cursor | null,
  to: Cursor,
): Promise<void> {
  const moved = from
    ? await db
        .updateTable('cursors')
        .set(to)
        .where('journal_id', '=', journalId)
        .where('position', '=', from.position)
        .where('opening', '=', from.opening)
        .returning('position')
        .execute()
    : await db
        .insertInto('cursors')
        .values({ journal_id: journalId, ...to })
        .onConflict((conflict) => conflict.doNothing())
        .returning('position')
        .execute()
  if (moved.length === 0) throw new CursorMoved('another process has moved the cursor of this journal')
}
