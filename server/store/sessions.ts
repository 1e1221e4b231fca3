/** Sessions of users, found by the hash of the token that the browser holds. */
import type { Kysely, Selectable } from 'kysely'
import type { Role } from '../domain/roles.ts'
import { transact } from './engine/transact.ts'
import type { SessionRow } from './schema/configuration.ts'
import type { Database } from './schema.ts'

/** How long a session lasts at most, and how long if it is not used: over a weekend. */
export const SESSION_MS = 30 * 24 * 3600_000
const IDLE_MS = 3 * 24 * 3600_000

/** How exactly the last use is known. More would be a write for each request. */
const USE_EVERY_MS = 60_000

/** More than anybody's browsers. A further sign-in ends the session that was used longest ago. */
const MAX_SESSIONS_OF_USER = 20

/** A session with the name and role of its user. */
export type Session = Selectable<SessionRow> & { name: string; role: Role }

/** Adds a session, and deletes those that have expired. */
export async function startSession(db: Kysely<Database>, session: SessionRow): Promise<void> {
  await transact(db, async (trx) => {
    await trx
      .deleteFrom('sessions')
      .where((eb) =>
        eb.or([eb('used_at', '<=', session.since - IDLE_MS), eb('since', '<=', session.since - SESSION_MS)]),
      )
      .execute()
    const own = await trx
      .selectFrom('sessions')
      .select('token_hash')
      .where('user_id', '=', session.user_id)
      .orderBy('used_at', 'desc')
      .execute()
    const surplus = own.slice(MAX_SESSIONS_OF_USER - 1).map((row) => row.token_hash)
    if (surplus.length > 0) await trx.deleteFrom('sessions').where('token_hash', 'in', surplus).execute()
    await trx.insertInto('sessions').values(session).execute()
    await trx.updateTable('users').set({ signed_in_at: session.since }).where('id', '=', session.user_id).execute()
  })
}

function current(db: Kysely<Database>, now: number) {
  return db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .selectAll('sessions')
    .select(['users.name', 'users.role'])
    .where('sessions.used_at', '>', now - IDLE_MS)
    .where('sessions.since', '>', now - SESSION_MS)
}

/** The session of a token, unless it has ended or expired. */
export async function findSession(db: Kysely<Database>, hash: string, now: number): Promise<Session | undefined> {
  return current(db, now).where('sessions.token_hash', '=', hash).executeTakeFirst()
}

/** Notes that a session is used. */
export async function useSession(db: Kysely<Database>, session: SessionRow, now: number): Promise<void> {
  if (now - session.used_at < USE_EVERY_MS) return
  await db.updateTable('sessions').set({ used_at: now }).where('token_hash', '=', session.token_hash).execute()
}

/** The sessions of a user, or of everybody; the last used first. */
export async function listSessions(db: Kysely<Database>, user: string | null, now: number): Promise<Session[]> {
  const all = current(db, now).orderBy('sessions.used_at', 'desc').orderBy('sessions.id')
  return (user === null ? all : all.where('sessions.user_id', '=', user)).execute()
}

/** Ends a session. */
export async function endSession(db: Kysely<Database>, session: SessionRow): Promise<void> {
  await db.deleteFrom('sessions').where('token_hash', '=', session.token_hash).execute()
}

/** Ends all sessions of a user, and returns how many there were. */
export async function endSessionsOf(db: Kysely<Database>, user: string): Promise<number> {
  return (await db.deleteFrom('sessions').where('user_id', '=', user).returning('id').execute()).length
}

/** Ends all sessions: a store of an earlier time has some that were ended since. */
export async function endAllSessions(db: Kysely<Database>): Promise<void> {
  await db.deleteFrom('sessions').execute()
}
