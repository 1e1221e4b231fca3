/** The API's description contains every private route, and each call's example gets the documented reply. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiDocument, Schema } from '../../server/http/api-document.ts'
import { exampleBody, filledPath } from '../../server/http/reference.ts'
import { settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let document: ApiDocument

beforeAll(async () => {
  server = await startServer()
  document = (await (await fetch(`${server.url}/openapi.json`)).json()) as ApiDocument
  // Some examples read what others write.
  for (const path of ['/api/v1/contacts', '/v1/events']) expect((await example('post', path)).status).toBeLessThan(300)
  await settled(server)
})
afterAll(() => server?.stop())

/** Calls a route with the examples from its description. */
function example(verb: string, path: string): Promise<Response> {
  const operation = document.paths[path]![verb]!
  const body = exampleBody(operation, document)
  return server.api(filledPath(path, operation), {
    method: verb.toUpperCase(),
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
}

test('the document is OpenAPI 3.1 and describes every call of this version', () => {
  expect(document.openapi).toBe('3.1.0')
  const calls = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((verb) => `${verb.toUpperCase()} ${path}`),
  )
  expect(calls.length).toBe(new Set(calls).size)
  for (const call of [
    'POST /v1/events',
    ...['batch', 'track', 'page', 'screen', 'identify', 'group', 'alias', 'merge'].map((kind) => `POST /v1/${kind}`),
    'POST /beacon/v1/batch',
    'GET /v1/projects/{key}/settings',
    'GET /sourceConfig',
    'GET /tag.js',
    'GET /l/{token}',
    'GET /healthz',
    'GET /readyz',
    'GET /metrics',
    'POST /api/v1/session',
    'POST /api/v1/contacts',
    'GET /api/v1/contacts/{id}',
    'GET /api/v1/contacts/{id}/timeline',
    'GET /api/v1/visitors/{id}/timeline',
    'POST /api/v1/link-tokens',
    'GET /api/v1/links',
    'GET /api/v1/matches',
    'GET /api/v1/segments/{id}/members',
    'GET /api/v1/reports/overview',
    'GET /api/v1/reports/quality',
  ]) {
    expect(calls).toContain(call)
  }
})

test('it has no error under the recommended rules of Redocly', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'couture-openapi-'))
  try {
    const file = join(folder, 'openapi.json')
    writeFileSync(file, JSON.stringify(document))
    const cli = new URL('../../node_modules/@redocly/cli/bin/cli.js', import.meta.url).pathname
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
    const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) =>
      execFile(process.execPath, [cli, 'lint', file, '--format=json'], { cwd: folder, env }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, output: `${stdout}${stderr}` }),
      ),
    )
    expect(code, output).toBe(0)
    expect(output).toContain('"errors": 0')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** Every call with its path and method. */
function calls() {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([verb, operation]) => ({ path, verb, call: `${verb} ${path}`, operation })),
  )
}

test('every call has a unique name, a group and a summary, and every body has an example', () => {
  const groups = document.tags.map((tag) => tag.name)
  const names = calls().map(({ operation }) => operation.operationId)
  expect(new Set(names).size).toBe(names.length)
  for (const { call, operation } of calls()) {
    expect(operation.operationId, call).toMatch(/^[a-z][A-Za-z]+$/)
    expect(operation.tags, call).toEqual([expect.toBeOneOf(groups)])
    expect(operation.summary, call).toBeTruthy()
    if (operation.requestBody) expect(exampleBody(operation, document), call).toBeDefined()
  }
  expect(new Set(calls().flatMap(({ operation }) => operation.tags))).toEqual(new Set(groups))
})

test('every string and list in a private call’s input is bounded', () => {
  const unbound: string[] = []
  const seen = new Set<string>()
  const look = (schema: Schema, where: string): void => {
    const name = schema.$ref?.split('/').pop()
    // Conditions are nested.
    if (name !== undefined && seen.has(name)) return
    if (name !== undefined) seen.add(name)
    const whole = name === undefined ? schema : document.components.schemas[name]!
    const { type, maxLength, pattern, format, maxItems, prefixItems, items, properties, const: only } = whole
    const values = whole.enum ?? only
    if (type === 'string' && [maxLength, pattern, format, values].every((bound) => bound === undefined)) {
      unbound.push(where)
    }
    // A list of named places has no others.
    if (type === 'array' && maxItems === undefined && prefixItems === undefined) unbound.push(where)
    if (items !== undefined) look(items as Schema, `${where}[]`)
    for (const each of (whole.anyOf ?? []) as Schema[]) look(each, where)
    for (const [key, each] of Object.entries(properties ?? {})) look(each as Schema, `${where}.${key}`)
  }
  for (const { path, call, operation } of calls()) {
    if (!path.startsWith('/api/')) continue
    for (const { name, schema } of operation.parameters ?? []) if (schema) look(schema, `${call} ${name}`)
    const body = operation.requestBody?.content['application/json']?.schema
    if (body) look(body, call)
  }
  expect(unbound).toEqual([])
})

test('every refusal is a problem document', () => {
  for (const { call, operation } of calls()) {
    for (const [status, { content }] of Object.entries(operation.responses)) {
      if (Number(status) < 400) continue
      const schema = content?.['application/problem+json']?.schema
      expect(schema, `${call} ${status}`).toEqual({ $ref: '#/components/schemas/Problem' })
    }
  }
})

describe('the examples', () => {
  // Runs before the other examples send more about the same visitor.
  test('of sending events and pushing contacts fit together: the visitor claims to be the contact', async () => {
    const { data } = await server.get('/api/v1/links?contact=crm-7')
    expect(data).toMatchObject([{ visitor: 'Vk3aT9bQ2mXw7LdP5sRz1c', contact: 'crm-7', evidence: 'login_claimed' }])
  })

  test('of every call get the documented reply', async () => {
    const answers: Record<string, number> = {}
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const verb of Object.keys(operations)) answers[`${verb} ${path}`] = (await example(verb, path)).status
    }
    // Only the dashboard's own page may sign in and out; a program is refused.
    const { 'post /api/v1/session': signIn, 'delete /api/v1/session': signOut, ...calls } = answers
    expect([signIn, signOut]).toEqual([403, 403])
    // A key has no password, and nobody is signed in.
    const { 'post /api/v1/session/password': change, 'delete /api/v1/sessions/{id}': end, ...signedIn } = calls
    expect([change, end]).toEqual([403, 404])
    // The id of a key is random.
    const { 'delete /api/v1/keys/{id}': revoke, ...programs } = signedIn
    expect(revoke).toBe(404)
    // So is that of an import.
    const { 'get /api/v1/imports/{id}': read, 'post /api/v1/imports/{id}/undo': undo, ...named } = programs
    expect([read, undo]).toEqual([404, 404])
    // A valid token needs this installation's own secret.
    const { 'get /l/{token}': unsigned, ...unlinked } = named
    expect(unsigned).toBe(400)
    // So is a site's write key.
    const { 'get /v1/projects/{key}/settings': settings, 'get /sourceConfig': source, ...others } = unlinked
    expect([settings, source]).toEqual([404, 401])
    // The contact is a person once the login that the example of `identify` reports is derived.
    const { 'get /api/v1/segments/{id}/explain': explain, ...rest } = others
    expect([200, 404]).toContain(explain)
    // An example deletes one of the segments before.
    const { 'post /api/v1/segments/overlap': overlap, ...ordinary } = rest
    expect(overlap).toBe(400)
    expect(Object.entries(ordinary).filter(([, status]) => status >= 300)).toEqual([])
  })
})

test('the reference page shows every call and runs no script', async () => {
  const answer = await fetch(`${server.url}/reference`)
  const page = await answer.text()
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
  for (const path of Object.keys(document.paths)) expect(page).toContain(path)
  expect(page).not.toContain('<script')
})
