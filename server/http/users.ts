/** `/api/v1/users`: who signs in to the dashboard, with which role. `/api/v1/sessions`: where they are signed in. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { Problem } from '../domain/problem.ts'
import { permits, ROLE_NAMES } from '../domain/roles.ts'
import {
  emailProblem,
  MAX_EMAIL,
  MAX_PASSWORD,
  MAX_USER_NAME,
  MIN_PASSWORD,
  nameProblem,
  passwordProblem,
  userId,
} from '../domain/user.ts'
import { writeAudit } from '../store/audit.ts'
import type { UserRow } from '../store/schema/configuration.ts'
import { endSession, listSessions, type Session } from '../store/sessions.ts'
import { addUser, changeUser, listUsers, MAX_USERS, removeUser } from '../store/users.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { pageOf } from './paging.ts'
import { iso, isoOrNull, json, refusal, refusals, shortId, tooLarge } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const role = z.enum(ROLE_NAMES)
const email = z.string().max(MAX_EMAIL).nullable()
const password = z.string().max(MAX_PASSWORD)

const newUserSchema = z
  .strictObject({
    name: z.string().max(MAX_USER_NAME).openapi({ description: 'To sign in with, in any case. It never changes.' }),
    role,
    email: email.default(null),
    password: password.optional().openapi({
      description: `At least ${MIN_PASSWORD} characters. Without it one is generated, and returned only now.`,
    }),
  })
  .openapi('NewUser', { example: { name: 'Marie', role: 'marketer', email: 'marie@shop.example' } })

const changedUserSchema = z
  .strictObject({ role: role.optional(), email: email.optional(), password: password.optional() })
  .openapi('ChangedUser', { example: { role: 'reader' }, description: 'What is absent stays as it is.' })

const userSchema = z
  .object({
    id: z.string().openapi({ description: 'The name as it is compared: in lower case.' }),
    name: z.string(),
    email: z.string().nullable(),
    role,
    created_at: z.string(),
    signed_in_at: z.string().nullable().openapi({ description: 'The last time.' }),
  })
  .openapi('User')

const openSessionSchema = z
  .object({
    id: z.string(),
    user: z.string(),
    since: z.string(),
    used_at: z.string().openapi({ description: 'The last use, to a minute.' }),
    address: z.string().nullable().openapi({ description: 'Where it was opened, truncated to /24 or /48.' }),
    browser: z.string().nullable(),
    os: z.string().nullable(),
    current: z.boolean().openapi({ description: 'Whether this call is made in it.' }),
  })
  .openapi('OpenSession')

const LAST_OWNER = 'there must be another owner first: somebody has to manage users'
const ofOne = { 404: refusal('There is no such user'), 409: refusal(`\`last_owner\`: ${LAST_OWNER}.`), ...refusals }

/** The routes of users and their sessions. */
export function userRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  const by = (c: Context<PrivateEnv>) => ({ actor: c.get('caller').actor, at: deps.now(), newId: deps.newId })
  const userParam = z.object({ id: z.string().max(MAX_USER_NAME).openapi({ example: 'marie' }) })

  /** A user after a change, or the refusal of it. */
  function checked(result: UserRow | 'unknown' | 'last_owner', id: string): UserRow {
    if (result === 'unknown') throw new Problem(404, 'unknown_user', `there is no user "${id}"`)
    if (result === 'last_owner') throw new Problem(409, 'last_owner', LAST_OWNER)
    return result
  }

  return app
    .openapi(
      createRoute({
        method: 'get',
        path: '/users',
        ...operation('Users', 'listUsers'),
        summary: 'List the users',
        middleware: [allow(deps, 'admin')] as const,
        responses: { 200: json('All users', pageOf(userSchema)), ...refusals },
      }),
      async (c) => c.json({ data: (await listUsers(deps.db)).map(renderUser), next: null, has_more: false }, 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/users',
        ...operation('Users', 'addUser'),
        summary: 'Add a user',
        middleware: [allow(deps, 'admin')] as const,
        request: { body: { required: true, content: { 'application/json': { schema: newUserSchema } } } },
        responses: {
          201: json('The user is added', userSchema.extend({ password: z.string().optional() })),
          ...refusals,
          409: refusal('`user_exists`: the name is taken. `too_many_users`: there are too many users.'),
          ...tooLarge,
        },
      }),
      async (c) => {
        const body = c.req.valid('json')
        const made = body.password === undefined ? deps.newPassword() : null
        const chosen = body.password ?? null
        refuse(nameProblem(body.name))
        refuse(body.email === null ? null : emailProblem(body.email))
        refuse(chosen === null ? null : passwordProblem(chosen, body.name))
        const hash = await deps.hashPassword(chosen ?? made ?? '', { generated: made !== null })
        const user = await addUser(deps.db, { ...body, password: hash }, by(c))
        if (user === 'exists') throw new Problem(409, 'user_exists', `there is already a user "${body.name}"`)
        if (user === 'too_many') {
          throw new Problem(409, 'too_many_users', `there may be at most ${MAX_USERS} users`)
        }
        if (user === 'no_owner') throw new Problem(409, 'last_owner', 'the first user must be an owner')
        return c.json({ ...renderUser(user), ...(made === null ? {} : { password: made }) }, 201)
      },
    )
    .openapi(
      createRoute({
        method: 'put',
        path: '/users/{id}',
        ...operation('Users', 'changeUser'),
        summary: "Change a user's role, address or password",
        description: 'A new role or password ends the sessions of the user.',
        middleware: [allow(deps, 'admin')] as const,
        request: {
          params: userParam,
          body: { required: true, content: { 'application/json': { schema: changedUserSchema } } },
        },
        responses: { 200: json('The user is changed', userSchema), ...ofOne, ...tooLarge },
      }),
      async (c) => {
        const id = userId(c.req.valid('param').id)
        const change = c.req.valid('json')
        refuse(change.email == null ? null : emailProblem(change.email))
        refuse(change.password === undefined ? null : passwordProblem(change.password, id))
        const password = change.password === undefined ? {} : { password: await deps.hashPassword(change.password) }
        return c.json(renderUser(checked(await changeUser(deps.db, id, { ...change, ...password }, by(c)), id)), 200)
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/users/{id}',
        ...operation('Users', 'removeUser'),
        summary: 'Remove a user',
        description: 'Ends the sessions of the user. What the user did stays in the audit.',
        middleware: [allow(deps, 'admin')] as const,
        request: { params: userParam },
        responses: { 204: { description: 'The user is removed' }, ...ofOne },
      }),
      async (c) => {
        const id = userId(c.req.valid('param').id)
        checked(await removeUser(deps.db, id, by(c)), id)
        return c.body(null, 204)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/sessions',
        ...operation('Users', 'listSessions'),
        summary: 'List the open sessions',
        description: "Owners and keys with the scope `admin` see everybody's, others their own.",
        middleware: [allow(deps)] as const,
        responses: { 200: json('The open sessions, the last used first', pageOf(openSessionSchema)), ...refusals },
      }),
      async (c) => {
        const own = c.get('caller').session
        const data = (await sessionsOf(c)).map((session) => renderSession(session, own))
        return c.json({ data, next: null, has_more: false }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/sessions/{id}',
        ...operation('Users', 'endSession'),
        summary: 'End a session',
        middleware: [allow(deps)] as const,
        request: { params: z.object({ id: shortId.openapi({ example: 'session-Vk3aT9bQ2m' }) }) },
        responses: {
          204: { description: 'The session has ended' },
          ...refusals,
          404: refusal('There is no such session, or it is not yours'),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        const session = (await sessionsOf(c)).find((each) => each.id === id)
        if (!session) throw new Problem(404, 'unknown_session', `there is no open session "${id}"`)
        await endSession(deps.db, session)
        const { actor, at } = by(c)
        const detail = { session: id, user: session.name }
        await writeAudit(deps.db, { id: deps.newId(), at, actor, action: 'session.end', detail })
        return c.body(null, 204)
      },
    )

  /** The sessions that the caller may see and end. */
  async function sessionsOf(c: Context<PrivateEnv>): Promise<Session[]> {
    const { scopes, session } = c.get('caller')
    if (permits(scopes, ['admin'])) return listSessions(deps.db, null, deps.now())
    if (session === null) throw new Problem(403, 'missing_scope', 'the key must have the scope admin')
    return listSessions(deps.db, session.user_id, deps.now())
  }
}

function refuse(problem: string | null): void {
  if (problem !== null) throw new Problem(400, 'invalid_request', problem)
}

function renderUser(user: UserRow): z.infer<typeof userSchema> {
  const { id, name, email, role } = user
  return { id, name, email, role, created_at: iso(user.created_at), signed_in_at: isoOrNull(user.signed_in_at) }
}

function renderSession(session: Session, own: Session | null): z.infer<typeof openSessionSchema> {
  const { id, name, network, browser, os } = session
  const times = { since: iso(session.since), used_at: iso(session.used_at) }
  return { id, user: name, ...times, address: network, browser, os, current: session.id === own?.id }
}
