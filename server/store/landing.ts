/** What landing keeps: the cursor of each journal, dead letters, and who used which token. */
import type { Kysely, Transaction } from 'kysely'
import { ofKeys } from './engine/many.ts'
import { keysBeside } from './holders.ts'
import type { ClaimKeyRow } from './schema/visitors.ts'
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

const selectTokenUsers = ofKeys((db, hashes) =>
  db.selectFrom('token_uses').select('visitor_id').where('token_hash', 'in', hashes),
)
const selectTokens = ofKeys((db, visitorIds) =>
  db.selectFrom('token_uses').select('token_hash').distinct().where('visitor_id', 'in', visitorIds),
)

/** The tokens that any of these visitors used. */
export async function tokensOf(trx: Transaction<Database>, visitorIds: string[]): Promise<string[]> {
  return [...new Set((await selectTokens(trx, visitorIds)).map((row) => row.token_hash))]
}

const selectNamedBy = ofKeys((db, visitorIds) =>
  db.selectFrom('claim_keys').selectAll().where('visitor_id', 'in', visitorIds),
)
const selectNamingAfter = ofKeys((db, keys, received_at: number) =>
  db
    .selectFrom('claim_keys')
    .select('visitor_id')
    .distinct()
    .where('key_hash', 'in', keys)
    .where('received_at', '>=', received_at),
)

const selectNaming = ofKeys((db, keys) =>
  db.selectFrom('claim_keys').select('visitor_id').where('key_hash', 'in', keys),
)

/** The visitors that named any of these identifiers. */
export async function visitorsOfKeys(trx: Transaction<Database>, keys: string[]): Promise<string[]> {
  return (await selectNaming(trx, keys)).map((row) => row.visitor_id)
}

/** What these visitors named. */
export async function namingsOf(trx: Transaction<Database>, visitorIds: string[]): Promise<ClaimKeyRow[]> {
  return selectNamedBy(trx, visitorIds)
}

/** The visitors that named the same contacts when these were named or later: a guard may count them otherwise now. */
export async function visitorsNamingAfter(trx: Transaction<Database>, namings: ClaimKeyRow[]): Promise<string[]> {
  if (namings.length === 0) return []
  const keys = await keysBeside(trx, [...new Set(namings.map((naming) => naming.key_hash))])
  const since = Math.min(...namings.map((naming) => naming.received_at))
  return (await selectNamingAfter(trx, keys, since)).map((row) => row.visitor_id)
}

/** The visitors that used any of these tokens. */
export async function visitorsOfTokens(trx: Transaction<Database>, hashes: string[]): Promise<string[]> {
  return (await selectTokenUsers(trx, hashes)).map((row) => row.visitor_id)
}
