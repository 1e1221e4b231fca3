/** Signing in to the dashboard and out of it, and one's own password: `/api/v1/session`. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { Problem } from '../domain/problem.ts'
import { ROLE_NAMES } from '../domain/roles.ts'
import { FIRST_USER, MAX_PASSWORD, MIN_PASSWORD, passwordProblem } from '../domain/user.ts'
import { writeAudit } from '../store/audit.ts'
import { endSession } from '../store/sessions.ts'
import { changeUser, isFirstAlone } from '../store/users.ts'
import { allow, checkSameOrigin, sessionToken, setSessionToken } from './auth.ts'
import { limitBody } from './body-limit.ts'
import type { Attempt, HttpDeps, Identity, PrivateEnv } from './deps.ts'
import { iso, json, refusal, refusals, tooLarge } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

/** A few fields. */
const BODY_BYTES = 4096

const given = z.string().max(MAX_PASSWORD)

const signInBody = z
  .object({
    name: given.default(FIRST_USER).openapi({ description: `The user's name; without it \`${FIRST_USER}\`.` }),
    password: given,
  })
  .openapi({ example: { name: FIRST_USER, password: 'as printed at the first start' } })

const passwordBody = z
  .object({
    current: given,
    password: given.openapi({ description: `The new one, of at least ${MIN_PASSWORD} characters.` }),
  })
  .openapi({ example: { current: 'the one until now', password: 'another one' } })

const sessionSchema = z
  .object({
    since: z.string().nullable(),
    user: z.object({ name: z.string(), role: z.enum(ROLE_NAMES) }).nullable(),
    scopes: z.array(z.string()),
    exports: z.boolean(),
  })
  .openapi('CurrentSession', {
    description: 'What the caller may do. `user` and `since` are null for a key; `exports`: files of people.',
  })

const tooMany = {
  429: refusal('`too_many_attempts`: too many wrong passwords from this address; retry after `Retry-After`.'),
}

/** The session's routes. */
export function sessionRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  const from = (c: Context) => ({
    address: deps.addressOf(c),
    userAgent: (c.req.header('user-agent') ?? '').slice(0, 512),
  })

  /** The user whose password it is, or a refusal that does not tell whether there is such a user. */
  async function userOf(attempt: Attempt, refused: string): Promise<Identity> {
    const checked = await deps.checkPassword(attempt)
    if (checked === null) throw new Problem(401, 'wrong_password', refused)
    if ('user' in checked) return checked.user
    const message = `too many wrong passwords from this address; try again in ${checked.waitS} s`
    throw new Problem(429, 'too_many_attempts', message, { 'retry-after': String(checked.waitS) })
  }

  /** Tells the sign-in page that the first user is the only one. A name that somebody chose is told to nobody. */
  const nameOnlyUser: MiddlewareHandler = async (c, next) => {
    await next()
    if (c.res.status !== 401 || !(await isFirstAlone(deps.db))) return
    c.res = new Response(JSON.stringify({ ...(await c.res.json()), only_user: FIRST_USER }), c.res)
  }

  return app
    .openapi(
      createRoute({
        method: 'post',
        path: '/session',
        ...operation('Session', 'signIn'),
        summary: 'Sign in to the dashboard',
        middleware: [limitBody(BODY_BYTES)] as const,
        request: { body: { content: { 'application/json': { schema: signInBody } }, required: true } },
        responses: { 204: { description: 'Signed in; the cookie is set' }, ...refusals, ...tooLarge, ...tooMany },
      }),
      async (c) => {
        checkSameOrigin(c)
        const attempt = { ...c.req.valid('json'), ...from(c) }
        const user = await userOf(attempt, 'there is no user with this name and this password')
        setSessionToken(c, deps, await deps.openSession(user, attempt))
        return c.body(null, 204)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/session',
        ...operation('Session', 'getSession'),
        summary: 'Get the current session',
        description: `Without one the reply is 401, with \`"only_user": "${FIRST_USER}"\` while there is no other user.`,
        middleware: [nameOnlyUser, allow(deps)] as const,
        responses: { 200: json('Signed in', sessionSchema), ...refusals },
      }),
      (c) => {
        const { scopes, exports, session } = c.get('caller')
        const user = session && { name: session.name, role: session.role }
        return c.json({ since: session && iso(session.since), user, scopes: [...scopes], exports }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/session',
        ...operation('Session', 'signOut'),
        summary: 'Sign out',
        responses: {
          204: { description: 'Signed out; the session has ended' },
          403: refusal("The call does not come from the dashboard's own pages."),
        },
      }),
      async (c) => {
        checkSameOrigin(c)
        const token = sessionToken(c, deps)
        const session = token === undefined ? undefined : await deps.findSession(token)
        if (session !== undefined) {
          await endSession(deps.db, session)
          const row = { id: deps.newId(), at: deps.now(), actor: session.name }
          await writeAudit(deps.db, { ...row, action: 'session.close', detail: { session: session.id } })
        }
        setSessionToken(c, deps, null)
        return c.body(null, 204)
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/session/password',
        ...operation('Session', 'changePassword'),
        summary: 'Change the own password',
        description: 'Ends all other sessions of the user.',
        middleware: [limitBody(BODY_BYTES), allow(deps)] as const,
        request: { body: { content: { 'application/json': { schema: passwordBody } }, required: true } },
        responses: {
          204: { description: 'The password is changed; the cookie of a new session is set' },
          ...refusals,
          ...tooLarge,
          ...tooMany,
        },
      }),
      async (c) => {
        const { session } = c.get('caller')
        if (session === null) throw new Problem(403, 'no_user', 'a key has no password; sign in to the dashboard')
        const { current, password } = c.req.valid('json')
        const attempt = { name: session.name, password: current, ...from(c) }
        const { id, name } = await userOf(attempt, 'current must be the password until now')
        const problem = passwordProblem(password, name)
        if (problem !== null) throw new Problem(400, 'invalid_request', problem)
        const by = { actor: name, at: deps.now(), newId: deps.newId }
        await changeUser(deps.db, id, { password: await deps.hashPassword(password) }, by)
        setSessionToken(c, deps, await deps.openSession({ id, name }, attempt))
        return c.body(null, 204)
      },
    )
}
