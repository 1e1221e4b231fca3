/** What landing keeps: the cursor of each journal, dead letters, and who used which token. */
import type { Kysely, Transaction } from 'kysely'
import { ofKeys } from './many.ts'
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

const selectTokenUsers = ofKeys((db, hashes) =>
  db.selectFrom('token_uses').select('visitor_id').where('token_hash', 'in', hashes),
)

/** The visitors that used any of these tokens. */
export async function visitorsOfTokens(trx: Transaction<Database>, hashes: string[]): Promise<string[]> {
  return (await selectTokenUsers(trx, hashes)).map((row) => row.visitor_id)
}
