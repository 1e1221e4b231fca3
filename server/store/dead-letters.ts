/** Dead letters: journal entries that could not be landed, kept until an operator retries or discards them. */
import type { Kysely } from 'kysely'
import type { Database } from './schema.ts'

/** Stores an entry that could not be landed. */
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

/** Deletes a letter. Returns whether it existed. */
export async function deleteDeadLetter(db: Kysely<Database>, letter: LetterKey): Promise<boolean> {
  const deleted = await db
    .deleteFrom('dead_letters')
    .where('journal_id', '=', letter.journal_id)
    .where('entry_id', '=', letter.entry_id)
    .where('part', '=', letter.part)
    .returning('part')
    .execute()
  return deleted.length > 0
}

/** Records a failed retry and its error. */
export async function noteAttempt(db: Kysely<Database>, letter: LetterKey, error: string): Promise<void> {
  await db
    .updateTable('dead_letters')
    .set((eb) => ({ error, attempts: eb('attempts', '+', 1) }))
    .where('journal_id', '=', letter.journal_id)
    .where('entry_id', '=', letter.entry_id)
    .where('part', '=', letter.part)
    .execute()
}

/** Deletes dead letters dated `before` or earlier, because they contain events too. */
export async function removeDeadLetters(db: Kysely<Database>, before: number): Promise<void> {
  await db.deleteFrom('dead_letters').where('at', '<=', before).execute()
}
