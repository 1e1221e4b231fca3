/**
 * The first user, and what `ADMIN_PASSWORD` does at a start: it is the first owner's password, until somebody changes that,
 * and again whenever the variable has another value than at the last start.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { FIRST_USER } from '../domain/user.ts'
import type { Config } from '../ops/config.ts'
import { checkPassword, hashPassword, newPassword } from '../ops/password.ts'
import type { By } from '../store/audit.ts'
import { readMeta, writeMeta } from '../store/meta.ts'
import type { Database } from '../store/schema.ts'
import { addUser, changeUser, listUsers } from '../store/users.ts'

/** The user that a start created. `password` is null unless it was generated. */
export type FirstOwner = { name: string; password: string | null }

/** The file in which versions before users kept the one password, in plain text. */
const FORMER_FILE = 'admin-password'

/** The name in `meta` of the hash of the last `ADMIN_PASSWORD`. */
const LAST_GIVEN = 'admin_password'

/** Creates the first owner, or applies a changed `ADMIN_PASSWORD`. Returns the user that it created, if any. */
export async function ensureOwner(
  db: Kysely<Database>,
  { dataDir, adminPassword }: Pick<Config, 'dataDir' | 'adminPassword'>,
  times: Omit<By, 'actor'>,
): Promise<FirstOwner | null> {
  const by = { ...times, actor: 'start' }
  const file = join(dataDir, FORMER_FILE)
  const owner = (await listUsers(db)).find((user) => user.role === 'owner')
  let made: FirstOwner | null = null
  if (owner === undefined) {
    const given = adminPassword ?? formerPassword(file)
    const password = given ?? newPassword()
    const hash = await hashPassword(password, { generated: given === null })
    const user = await addUser(db, { name: FIRST_USER, email: null, role: 'owner', password: hash }, by)
    // Another process that starts at the same time may have created it.
    if (typeof user !== 'string') made = { name: user.name, password: given === null ? password : null }
    if (adminPassword !== null) await writeMeta(db, LAST_GIVEN, hash)
  } else if (adminPassword !== null && !(await checkPassword(adminPassword, await readMeta(db, LAST_GIVEN)))) {
    const hash = await hashPassword(adminPassword)
    await changeUser(db, owner.id, { password: hash }, by)
    await writeMeta(db, LAST_GIVEN, hash)
  }
  // What was in it is the first owner's password now, of which only the hash is kept.
  rmSync(file, { force: true })
  return made
}

function formerPassword(file: string): string | null {
  return (existsSync(file) && readFileSync(file, 'utf8').trim()) || null
}
