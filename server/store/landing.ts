/** What landing keeps: the cursor of each journal, dead letters, and who used which token. */
import type { Kysely, Transaction } from 'kysely'
import { chunks } from './many.ts'
import type { Database } from './schema.ts'

/** How far a journal was landed; 0 at first. */
export async function readCursor(db: Kysely<Database>, journalId: string): Promise<number> {
  const row = await db.selectFrom('cursors').select('position').where('journal_id', '=', journalId).executeTakeFirst()
  return Number(row?.position ?? 0)
}

/** Moves a journal's cursor, in the transaction of what was landed. */
export async function moveCursor(db: Kysely<Database>, journalId: string, position: number): Promise<void> {
  await db
    .insertInto('cursors')
    .values({ journal_id: journalId, position })
    .onConflict((conflict) => conflict.column('journal_id').doUpdateSet({ position }))
    .execute()
}

/** Keeps an entry that could not be landed. */
export async function insertDeadLetter(db: Kysely<Database>, letter: Database['dead_letters']): Promise<void> {
  await db
    .insertInto('dead_letters')
    .values(letter)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** All dead letters, the oldest first. */
export async function listDeadLetters(db: Kysely<Database>): Promise<Database['dead_letters'][]> {
  return db
    .selectFrom('dead_letters')
    .selectAll()
    .orderBy('at')
    .orderBy('journal_id')
    .orderBy('entry_id')
    .orderBy('part')
    .execute()
}

type LetterKey = Pick<Database['dead_letters'], 'journal_id' | 'entry_id' | 'part'>

/** Removes a letter. Returns whether it was there. */
export async function deleteDeadLetter(db: Kysely<Database>, letter: LetterKey): Promise<boolean> {
  const gone = await db
    .deleteFrom('dead_letters')
    .where('journal_id', '=', letter.journal_id)
    .where('entry_id', '=', letter.entry_id)
    .where('part', '=', letter.part)
    .returning('part')
    .execute()
  return gone.length > 0
}

/** Notes that a letter was tried again, and how it failed. */
export async function noteAttempt(db: Kysely<Database>, letter: LetterKey, error: string): Promise<void> {
  await db
    .updateTable('dead_letters')
    .set((eb) => ({ error, attempts: eb('attempts', '+', 1) }))
    .where('journal_id', '=', letter.journal_id)
    .where('entry_id', '=', letter.entry_id)
    .where('part', '=', letter.part)
    .execute()
}

/** The visitors that used any of these tokens. */
export async function visitorsOfTokens(trx: Transaction<Database>, hashes: string[]): Promise<string[]> {
  const visitors: string[] = []
  for (const part of chunks(hashes, 500)) {
    const rows = await trx.selectFrom('token_uses').select('visitor_id').where('token_hash', 'in', part).execute()
    visitors.push(...rows.map((row) => row.visitor_id))
  }
  return visitors
}
