/**
 * The audit log: a row for every write and export through a private route or command, every read of a person, and every
 * sign-in. Rows are only ever added: nothing in the product changes or deletes one.
 */
import { type Kysely, sql } from 'kysely'
import { olderThan, type Position } from './newest-first.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { AuditRow } from './schema/configuration.ts'
import type { Database } from './schema.ts'

/** Who does something, and when. `newId` names the row of the audit. */
export type By = { actor: string; at: number; newId: () => string }

/** A row of the log. `detail` holds counts and ids, never addresses, and of customers only keyed hashes. */
export type AuditEntry = { id: string; at: number; actor: string; action: string; detail: Record<string, unknown> }

/** Records who did what. */
export async function writeAudit(db: Kysely<Database>, row: AuditEntry): Promise<void> {
  await db
    .insertInto('audit')
    .values({ ...row, detail: encodeJson(row.detail) })
    .execute()
}

/** The time of the newest row; 0 if there is none. */
export async function lastAuditAt(db: Kysely<Database>): Promise<number> {
  const row = await db.selectFrom('audit').select('at').orderBy('at', 'desc').limit(1).executeTakeFirst()
  return row?.at ?? 0
}

/** Adds rows of a copy of the log that are not there yet. */
export async function addAudited(db: Kysely<Database>, rows: AuditRow[]): Promise<void> {
  for (let i = 0; i < rows.length; i += 500) {
    await db
      .insertInto('audit')
      .values(rows.slice(i, i + 500))
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  }
}

/** Which rows to list: from a time, before another, of one actor or action, about one person by their keyed hash. */
export type AuditFilter = {
  from: number | null
  before: number | null
  actor: string | null
  action: string | null
  person: string | null
}

/**
 * An actor and an action by which the log is searched, as the row of the reading keeps them: null unless the log holds them
 * already. Whatever else was typed, such as a customer's address, would stay for good.
 */
export async function knownToAudit(
  db: Kysely<Database>,
  asked: { actor: string | null; action: string | null },
): Promise<{ actor: string | null; action: string | null }> {
  const known = async (column: 'actor' | 'action') => {
    const value = asked[column]
    if (value === null) return null
    const row = await db.selectFrom('audit').select(column).where(column, '=', value).limit(1).executeTakeFirst()
    return row === undefined ? null : value
  }
  return { actor: await known('actor'), action: await known('action') }
}

/** Rows of the log, the newest first, after a position. */
export async function listAudit(
  db: Kysely<Database>,
  filter: AuditFilter,
  after: Position | null,
  limit: number,
): Promise<AuditEntry[]> {
  const { from, before, actor, action, person } = filter
  const rows = await db
    .selectFrom('audit')
    .selectAll()
    .$if(from !== null, (query) => query.where('at', '>=', from))
    .$if(before !== null, (query) => query.where('at', '<', before))
    .$if(actor !== null, (query) => query.where('actor', '=', actor))
    .$if(action !== null, (query) => query.where('action', '=', action))
    .$if(person !== null, (query) => query.where(sql<boolean>`detail like ${`%"${person}"%`}`))
    .where(olderThan(after))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ ...row, detail: decodeJson(row.detail) }))
}
