/** `couture users …`: who signs in to the dashboard, with which role, and where. */
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import type { Store } from '../actions/prepare-store.ts'
import { ROLE_NAMES, type Role } from '../domain/roles.ts'
import { emailProblem, isRole, nameProblem, passwordProblem, userId } from '../domain/user.ts'
import { hashPassword, newPassword } from '../ops/password.ts'
import type { UserRow } from '../store/schema/configuration.ts'
import { endSessionsOf, listSessions } from '../store/sessions.ts'
import { addUser, changeUser, findUser, listUsers, MAX_USERS, removeUser } from '../store/users.ts'
import { commandBy, noteCommand } from './by.ts'
import { Refusal, show, withStore } from './store.ts'

type Options = { json?: boolean }
type AddOptions = Options & { role: string; email?: string; passwordStdin?: boolean }

const STDIN = '--password-stdin'
const STDIN_TEXT = 'read the password from standard input; without it one is generated and shown once'

/** Adds the commands. */
export function registerUsers(program: Command): void {
  const users = program.command('users').description('who signs in to the dashboard')

  users
    .command('list')
    .description('list all users with their roles')
    .option('--json', 'print JSON')
    .action((options: Options) =>
      withStore(async (db) => {
        const all = (await listUsers(db)).map(userView)
        show(options.json, all, () =>
          all
            .map(({ name, role, email, signed_in_at: at }) =>
              [name, role, email ?? '-', at === null ? 'never signed in' : `signed in at ${at}`].join('  '),
            )
            .join('\n'),
        )
      }),
    )

  users
    .command('add <name>')
    .description('add a user')
    .requiredOption('--role <role>', `${ROLE_NAMES.join(', ')}`)
    .option('--email <address>', 'an e-mail address')
    .option(STDIN, STDIN_TEXT)
    .option('--json', 'print JSON')
    .action((name: string, options: AddOptions) =>
      withStore(async (db) => {
        const { email = null } = options
        const role = roleOrRefuse(options.role)
        refuse(nameProblem(name))
        refuse(email === null ? null : emailProblem(email))
        const { hash, made } = await password(name, options.passwordStdin)
        const user = await addUser(db, { name, email, role, password: hash }, commandBy())
        if (user === 'exists') throw new Refusal(`there is already a user "${name}"`)
        if (user === 'too_many') throw new Refusal(`there may be at most ${MAX_USERS} users`)
        if (user === 'no_owner') throw new Refusal('the first user must be an owner: give --role owner')
        showWithPassword(options.json, user, made, `${user.name} is added as ${role}.`)
      }),
    )

  users
    .command('set-password <name>')
    .description('replace the password of a user, and end all sessions of the user')
    .option(STDIN, STDIN_TEXT)
    .option('--json', 'print JSON')
    .action((name: string, options: Options & { passwordStdin?: boolean }) =>
      withStore(async (db) => {
        const { id } = await userOrRefuse(db, name)
        const { hash, made } = await password(name, options.passwordStdin)
        const user = changed(await changeUser(db, id, { password: hash }, commandBy()), name)
        showWithPassword(options.json, user, made, `${user.name} has a new password, and is signed out everywhere.`)
      }),
    )

  users
    .command('set-role <name> <role>')
    .description(`change what a user may do (${ROLE_NAMES.join(', ')}), and end all sessions of the user`)
    .option('--json', 'print JSON')
    .action((name: string, role: string, options: Options) =>
      withStore(async (db) => {
        const change = { role: roleOrRefuse(role) }
        const user = changed(await changeUser(db, userId(name), change, commandBy()), name)
        show(options.json, userView(user), () => `${user.name} is ${user.role} now.`)
      }),
    )

  users
    .command('remove <name>')
    .description('remove a user, and end all sessions of the user')
    .option('--json', 'print JSON')
    .action((name: string, options: Options) =>
      withStore(async (db) => {
        const user = changed(await removeUser(db, userId(name), commandBy()), name)
        show(options.json, { id: user.id, removed: true }, () => `${user.name} is removed.`)
      }),
    )

  users
    .command('sessions [name]')
    .description('list the open sessions of a user, or of all users')
    .option('--json', 'print JSON')
    .action((name: string | undefined, options: Options) =>
      withStore(async (db) => {
        const user = name === undefined ? null : (await userOrRefuse(db, name)).id
        const all = (await listSessions(db, user, Date.now())).map((session) => ({
          ...{ id: session.id, user: session.name, since: iso(session.since), used_at: iso(session.used_at) },
          ...{ address: session.network, browser: session.browser, os: session.os },
        }))
        show(options.json, all, () =>
          all.length === 0
            ? 'Nobody is signed in.'
            : all
                .map(({ user, since, used_at, address, browser, os }) =>
                  [user, `since ${since}`, `used ${used_at}`, address ?? '-', browser ?? '-', os ?? '-'].join('  '),
                )
                .join('\n'),
        )
      }),
    )

  users
    .command('sign-out <name>')
    .description('end all sessions of a user')
    .option('--json', 'print JSON')
    .action((name: string, options: Options) =>
      withStore(async (db) => {
        const user = await userOrRefuse(db, name)
        const ended = await endSessionsOf(db, user.id)
        await noteCommand(db, 'session.end', { user: user.name, ended })
        show(options.json, { id: user.id, ended }, () => `${user.name} is signed out of ${ended} sessions.`)
      }),
    )
}

const iso = (at: number) => new Date(at).toISOString()

/** A user as it is printed, without the hash of the password. */
function userView({ id, name, email, role, created_at, signed_in_at }: UserRow) {
  return { id, name, email, role, created_at: iso(created_at), signed_in_at: signed_in_at && iso(signed_in_at) }
}

function showWithPassword(json: boolean | undefined, user: UserRow, made: string | null, said: string): void {
  const view = { ...userView(user), ...(made === null ? {} : { password: made }) }
  show(json, view, () => (made === null ? said : `${made}\n\n${said} The password is not shown again.`))
}

/** The hash of a password from standard input, or of a new one. */
async function password(name: string, isGiven = false): Promise<{ hash: string; made: string | null }> {
  if (!isGiven) {
    const made = newPassword()
    return { hash: await hashPassword(made, { generated: true }), made }
  }
  const given = (await text(process.stdin)).replace(/\r?\n$/, '')
  refuse(passwordProblem(given, name))
  return { hash: await hashPassword(given), made: null }
}

function refuse(problem: string | null): void {
  if (problem !== null) throw new Refusal(problem)
}

function roleOrRefuse(role: string): Role {
  if (!isRole(role)) throw new Refusal(`a role must be one of ${ROLE_NAMES.join(', ')} (got "${role}")`)
  return role
}

async function userOrRefuse(db: Store, name: string): Promise<UserRow> {
  const user = await findUser(db, userId(name))
  if (!user) throw unknown(name)
  return user
}

const unknown = (name: string) => new Refusal(`there is no user "${name}"; \`couture users list\` lists them`)

function changed(result: UserRow | 'unknown' | 'last_owner', name: string): UserRow {
  if (result === 'unknown') throw unknown(name)
  if (result === 'last_owner') throw new Refusal(`${name} is the last owner; make another user an owner first`)
  return result
}
