/** How far each journal has been landed. The cursor moves in the transaction of the facts that it covers. */
import type { Kysely } from 'kysely'
import type { Database } from './schema.ts'

/**
 * How far a journal was landed, and the opening of the journal under which it gave that number out: after the file was
 * brought back from a backup the same number is another entry.
 */
export type Cursor = { position: number; opening: string }

/** Before anything was landed. */
export const BEGINNING: Cursor = { position: 0, opening: '' }

/** A journal's cursor; null if nothing of it was ever landed. */
export async function readCursor(db: Kysely<Database>, journalId: string): Promise<Cursor | null> {
  const row = await db
    .selectFrom('cursors')
    .select(['position', 'opening'])
    .where('journal_id', '=', journalId)
    .executeTakeFirst()
  return row ? { position: Number(row.position), opening: row.opening } : null
}

/** How many other journals have landed here, and how far the one that got furthest. */
export async function readOtherCursors(
  db: Kysely<Database>,
  journalId: string,
): Promise<{ journals: number; furthest: number }> {
  const rows = await db.selectFrom('cursors').select('position').where('journal_id', '!=', journalId).execute()
  return { journals: rows.length, furthest: Math.max(0, ...rows.map((row) => Number(row.position))) }
}

/** Somebody else moved the cursor: two machines have a copy of the same journal. */
export class CursorMoved extends Error {
  /** Of the store's kind: what was tried is not at fault (`isPoison`). */
  readonly code = 'CURSOR_MOVED'
}

/** Moves a journal's cursor, in the transaction of what was landed. Throws if it is not where it was read to be. */
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
