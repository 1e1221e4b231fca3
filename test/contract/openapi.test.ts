/** The API's description: every private route is in it, and each call's example is answered as it stands there. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiDocument } from '../../server/http/openapi.ts'
import { exampleBody, filledPath } from '../../server/http/reference.ts'
import { settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let document: ApiDocument

beforeAll(async () => {
  server = await startServer()
  document = (await (await fetch(`${server.url}/openapi.json`)).json()) as ApiDocument
  // The examples read what the examples write.
  for (const path of ['/api/v1/contacts', '/v1/events']) expect((await example('post', path)).status).toBeLessThan(300)
  await settled(server)
})
afterAll(() => server?.stop())

/** Calls a route with the examples of its description. */
function example(verb: string, path: string): Promise<Response> {
  const operation = document.paths[path]![verb]!
  const body = exampleBody(operation, document)
  return server.api(filledPath(path, operation), {
    method: verb.toUpperCase(),
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
}

test('it is OpenAPI 3.1 and describes every call that this version has', () => {
  expect(document.openapi).toBe('3.1.0')
  const calls = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((verb) => `${verb.toUpperCase()} ${path}`),
  )
  expect(calls.length).toBe(new Set(calls).size)
  for (const call of [
    'POST /v1/events',
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
  ]) {
    expect(calls).toContain(call)
  }
})

test('every call is summed up, says how it is refused, and every body has an example', () => {
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [verb, operation] of Object.entries(operations)) {
      expect(operation.summary, `${verb} ${path}`).toBeTruthy()
      if (operation.requestBody) expect(exampleBody(operation, document), `${verb} ${path}`).toBeDefined()
    }
  }
})

describe('the examples', () => {
  // Before the others say more of the same visitor.
  test('of sending events and pushing contacts fit together: the visitor claimed to be the contact', async () => {
    const { data } = await server.get('/api/v1/links?contact=crm-7')
    expect(data).toMatchObject([{ visitor: 'Vk3aT9bQ2mXw7LdP5sRz1c', contact: 'crm-7', evidence: 'login_claimed' }])
  })

  test('of every call are answered', async () => {
    const answers: Record<string, number> = {}
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const verb of Object.keys(operations)) answers[`${verb} ${path}`] = (await example(verb, path)).status
    }
    // Signing in and out is for the dashboard's own page, and a program is told so.
    const { 'post /api/v1/session': signIn, 'delete /api/v1/session': signOut, ...others } = answers
    expect([signIn, signOut]).toEqual([403, 403])
    expect(Object.entries(others).filter(([, status]) => status >= 300)).toEqual([])
  })
})

test('the reference page shows every call, and runs no script', async () => {
  const answer = await fetch(`${server.url}/reference`)
  const page = await answer.text()
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
  for (const path of Object.keys(document.paths)) expect(page).toContain(path)
  expect(page).not.toContain('<script')
})
