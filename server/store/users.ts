/**
 * Users. Every change is audited, and ends the sessions of a user whose password or role changes. There is always an owner,
 * since nobody else can manage users.
 */
import type { Kysely, Transaction } from 'kysely'
import type { Role } from '../domain/roles.ts'
import { FIRST_USER, userId } from '../domain/user.ts'
import { type By, writeAudit } from './audit.ts'
import { transact } from './engine/transact.ts'
import type { UserRow } from './schema/configuration.ts'
import type { Database } from './schema.ts'
import { endSessionsOf } from './sessions.ts'
import { lockName } from './work/locks.ts'

/** More than any team that works on one shop. */
export const MAX_USERS = 200

/** A user, by id. */
export async function findUser(db: Kysely<Database>, id: string): Promise<UserRow | undefined> {
  return db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst()
}

/** All users, the oldest first. */
export async function listUsers(db: Kysely<Database>): Promise<UserRow[]> {
  return db.selectFrom('users').selectAll().orderBy('created_at').orderBy('id').execute()
}

/** Whether the first user is still the only one. */
export async function isFirstAlone(db: Kysely<Database>): Promise<boolean> {
  const users = await db.selectFrom('users').select('id').limit(2).execute()
  return users.length === 1 && users[0]?.id === FIRST_USER
}

/** Adds a user. `password` is a hash. The first one must be an owner. */
export async function addUser(
  db: Kysely<Database>,
  given: { name: string; email: string | null; role: Role; password: string },
  by: By,
): Promise<UserRow | 'exists' | 'too_many' | 'no_owner'> {
  return changing<'exists' | 'too_many' | 'no_owner'>(db, by, 'user.add', async (trx) => {
    const users = await listUsers(trx)
    const id = userId(given.name)
    if (users.some((user) => user.id === id)) return 'exists'
    if (users.length >= MAX_USERS) return 'too_many'
    if (users.length === 0 && given.role !== 'owner') return 'no_owner'
    const user: UserRow = { id, ...given, created_at: by.at, signed_in_at: null }
    await trx.insertInto('users').values(user).execute()
    return { result: user, detail: { user: user.name, role: user.role } }
  })
}

/** What a change of a user changes; what is absent stays. `password` is a hash. */
export type UserChange = { email?: string | null; role?: Role; password?: string }

/** Changes a user. */
export async function changeUser(
  db: Kysely<Database>,
  id: string,
  change: UserChange,
  by: By,
): Promise<UserRow | 'unknown' | 'last_owner'> {
  const action =
    change.password !== undefined ? 'user.password' : change.role !== undefined ? 'user.role' : 'user.change'
  return changing<'unknown' | 'last_owner'>(db, by, action, async (trx) => {
    const user = await findUser(trx, id)
    if (!user) return 'unknown'
    if (change.role !== undefined && change.role !== 'owner' && (await isLastOwner(trx, user))) return 'last_owner'
    const after: UserRow = { ...user, ...change }
    await trx
      .updateTable('users')
      .set({ email: after.email, role: after.role, password: after.password })
      .where('id', '=', id)
      .execute()
    if (change.password !== undefined || after.role !== user.role) await endSessionsOf(trx, id)
    return { result: after, detail: { user: user.name, role: after.role, changed: Object.keys(change).join(',') } }
  })
}

/** Removes a user. */
export async function removeUser(
  db: Kysely<Database>,
  id: string,
  by: By,
): Promise<UserRow | 'unknown' | 'last_owner'> {
  return changing<'unknown' | 'last_owner'>(db, by, 'user.remove', async (trx) => {
    const user = await findUser(trx, id)
    if (!user) return 'unknown'
    if (await isLastOwner(trx, user)) return 'last_owner'
    await endSessionsOf(trx, id)
    await trx.deleteFrom('users').where('id', '=', id).execute()
    return { result: user, detail: { user: user.name, role: user.role } }
  })
}

async function isLastOwner(trx: Transaction<Database>, user: UserRow): Promise<boolean> {
  if (user.role !== 'owner') return false
  return (await listUsers(trx)).every(({ id, role }) => id === user.id || role !== 'owner')
}

/** Runs `change` in a transaction of its own, and audits it unless it is refused. */
async function changing<R extends string>(
  db: Kysely<Database>,
  by: By,
  action: string,
  change: (trx: Transaction<Database>) => Promise<{ result: UserRow; detail: Record<string, string> } | R>,
): Promise<UserRow | R> {
  return transact(db, async (trx) => {
    await lockName(trx, 'users')
    const changed = await change(trx)
    if (typeof changed === 'string') return changed
    await writeAudit(trx, { id: by.newId(), at: by.at, actor: by.actor, action, detail: changed.detail })
    return changed.result
  })
}
