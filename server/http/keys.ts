/** `/api/v1/keys`: the API keys of servers and tools. A key is shown once, when it is created; the store keeps its hash. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { type ApiKey, expiryProblem, keyNameProblem, MAX_KEY_NAME } from '../domain/api-key.ts'
import { Problem } from '../domain/problem.ts'
import { SCOPES } from '../domain/roles.ts'
import { type ListedKey, listApiKeys } from '../store/api-keys.ts'
import { allow } from './auth.ts'
import type { HttpDeps, PrivateEnv } from './deps.ts'
import { pageOf } from './paging.ts'
import { iso, isoOrNull, json, refusal, refusals, tooLarge } from './shapes.ts'
import { operation } from './tags.ts'
import { onInvalid } from './validation.ts'

const keySchema = z
  .object({
    id: z.string(),
    name: z.string().nullable(),
    scopes: z.array(z.string()),
    created_at: z.string(),
    expires_at: z
      .string()
      .nullable()
      .openapi({ description: 'From then on it is refused; null if it does not expire.' }),
    last_used_at: z.string().nullable().openapi({ description: 'The last use, exact to a minute.' }),
  })
  .openapi('ApiKey')

const newKeySchema = z
  .strictObject({
    name: z.string().max(MAX_KEY_NAME).openapi({ description: 'What the key is for.' }),
    scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length),
    expires_at: z.iso
      .datetime({ offset: true, error: 'must be an ISO 8601 time such as 2027-03-01T09:30:00.000Z' })
      .nullable()
      .default(null),
  })
  .openapi('NewApiKey', { example: { name: 'Brevo', scopes: ['matches:read'], expires_at: '2027-12-31T00:00:00Z' } })

/** The routes of keys. */
export function keyRoutes(deps: HttpDeps) {
  const app = new OpenAPIHono<PrivateEnv>({ defaultHook: onInvalid })
  const by = (c: Context<PrivateEnv>) => ({ actor: c.get('caller').actor, at: deps.now(), newId: deps.newId })
  return app
    .openapi(
      createRoute({
        method: 'get',
        path: '/keys',
        ...operation('Keys', 'listKeys'),
        summary: 'List the API keys',
        middleware: [allow(deps, 'admin')] as const,
        responses: { 200: json('All keys, without the keys themselves', pageOf(keySchema)), ...refusals },
      }),
      async (c) => c.json({ data: (await listApiKeys(deps.db)).map(renderKey), next: null, has_more: false }, 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/keys',
        ...operation('Keys', 'createKey'),
        summary: 'Create an API key',
        middleware: [allow(deps, 'admin')] as const,
        request: { body: { required: true, content: { 'application/json': { schema: newKeySchema } } } },
        responses: {
          201: json('The key, which is not shown again', keySchema.extend({ key: z.string() })),
          ...refusals,
          ...tooLarge,
        },
      }),
      async (c) => {
        const { name, scopes, expires_at: expires } = c.req.valid('json')
        refuse(keyNameProblem(name))
        const expiresAt = expires === null ? null : Date.parse(expires)
        if (expiresAt !== null) refuse(expiryProblem(expiresAt, deps.now()))
        const given: Omit<ApiKey, 'id'> = { name, scopes: [...new Set(scopes)], expires_at: expiresAt }
        const { key, ...made } = await deps.createKey(given, by(c))
        return c.json({ ...renderKey({ ...made, last_used_at: null }), key }, 201)
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/keys/{id}',
        ...operation('Keys', 'revokeKey'),
        summary: 'Revoke an API key',
        description: 'It is refused from now on.',
        middleware: [allow(deps, 'admin')] as const,
        request: { params: z.object({ id: z.string().max(100).openapi({ example: 'key-unknown' }) }) },
        responses: {
          200: json('The key is revoked', z.object({ id: z.string(), revoked: z.literal(true) })),
          ...refusals,
          404: refusal('There is no such key'),
        },
      }),
      async (c) => {
        const { id } = c.req.valid('param')
        if (!(await deps.revokeKey(id, by(c)))) throw new Problem(404, 'unknown_key', `there is no key "${id}"`)
        return c.json({ id, revoked: true as const }, 200)
      },
    )
}

function refuse(problem: string | null): void {
  if (problem !== null) throw new Problem(400, 'invalid_request', problem)
}

function renderKey({ id, name, scopes, created_at, expires_at, last_used_at }: ListedKey): z.infer<typeof keySchema> {
  return {
    ...{ id, name, scopes, created_at: iso(created_at) },
    ...{ expires_at: isoOrNull(expires_at), last_used_at: isoOrNull(last_used_at) },
  }
}
