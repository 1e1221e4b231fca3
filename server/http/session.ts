/** Signing in to the dashboard: `POST`, `GET` and `DELETE /api/v1/session`. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { deleteCookie, setCookie } from 'hono/cookie'
import { Problem } from '../domain/problem.ts'
import { allow, checkSameOrigin, SESSION_COOKIE, SESSION_MS, sessionValue } from './auth.ts'
import { limitBody } from './body-limit.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { iso, json, refusal, refusals, tooLarge } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

/** The most wrong passwords per minute. After that every attempt is refused, even with the right password. */
const MAX_FAILURES = 20

/** The session's routes. */
export function sessionRoutes(deps: HttpDeps) {
  let failures: number[] = []
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  return app
    .openapi(
      createRoute({
        method: 'post',
        path: '/session',
        ...operation('Session', 'signIn'),
        summary: 'Sign in to the dashboard',
        middleware: [limitBody(4096)] as const,
        request: {
          body: {
            content: {
              'application/json': {
                schema: z
                  .object({ password: z.string().max(1000) })
                  .openapi({ example: { password: 'as printed at startup' } }),
              },
            },
            required: true,
          },
        },
        responses: {
          204: { description: 'Signed in; the cookie is set' },
          ...refusals,
          ...tooLarge,
          429: refusal('Too many wrong passwords; try again in a minute.'),
        },
      }),
      (c) => {
        checkSameOrigin(c)
        const now = deps.now()
        failures = failures.filter((at) => at > now - 60_000)
        if (failures.length >= MAX_FAILURES) {
          throw new Problem(429, 'too_many_attempts', 'too many wrong passwords; try again in a minute', {
            'retry-after': '60',
          })
        }
        if (!deps.checkPassword(c.req.valid('json').password)) {
          failures.push(now)
          throw new Problem(
            401,
            'wrong_password',
            "this is not the installation's password; the server prints it when it starts",
          )
        }
        setCookie(c, SESSION_COOKIE, sessionValue(now, deps.sessionMac), {
          httpOnly: true,
          sameSite: 'Strict',
          secure: deps.secure,
          path: '/',
          maxAge: SESSION_MS / 1000,
        })
        return c.body(null, 204)
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/session',
        ...operation('Session', 'getSession'),
        summary: 'Get the current session',
        middleware: [allow(deps)] as const,
        responses: { 200: json('Signed in', z.object({ since: z.string().nullable() })), ...refusals },
      }),
      (c) => {
        const { since } = c.get('caller')
        return c.json({ since: since === null ? null : iso(since) }, 200)
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/session',
        ...operation('Session', 'signOut'),
        summary: 'Sign out',
        responses: {
          204: { description: 'Signed out' },
          403: refusal("The call does not come from the dashboard's own pages."),
        },
      }),
      (c) => {
        checkSameOrigin(c)
        deleteCookie(c, SESSION_COOKIE, { path: '/', secure: deps.secure })
        return c.body(null, 204)
      },
    )
}
