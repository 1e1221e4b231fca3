/**
 * Covers requests made to hold up or break the server by what is in their bodies: identifiers and contexts that took
 * seconds to read, rows nested so deep that they exhausted the stack, and private calls with bodies of any size.
 */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ApiDocument } from '../../server/http/api-document.ts'
import { filledPath } from '../../server/http/reference.ts'
import { problemOf } from '../support/requests.ts'
import {
  basic,
  call,
  messageId,
  newAnonymous,
  postCall,
  type SegmentKeys,
  segmentKeys,
} from '../support/segment-requests.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let keys: SegmentKeys

beforeAll(async () => {
  server = await startServer()
  keys = await segmentKeys(server)
})
afterAll(() => server?.stop())

/** Far more than it takes now, far less than it took. */
const SOON_MS = 4000

async function soon<T>(answer: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const value = await answer()
  expect(performance.now() - began).toBeLessThan(SOON_MS)
  return value
}

describe('a batch that took the collector seconds', () => {
  const logins = (userId: string) => ({
    batch: Array.from({ length: 15 }, () =>
      call('identify', { ...newAnonymous(server), anonymousId: newAnonymous(server).anonymousId, userId }),
    ),
  })

  test.each(['{', '${', '*|a', `x'`])('identifiers of %s', async (piece) => {
    const userId = `a${piece.repeat(31_000 / piece.length)}b`
    const body = new Uint8Array(gzipSync(JSON.stringify(logins(userId))))
    const answer = await soon(() =>
      fetch(`${server.url}/v1/batch`, {
        method: 'POST',
        body,
        headers: { 'content-encoding': 'gzip', ...basic(keys.writeKey) },
      }),
    )
    expect(answer.status).toBe(200)
    expect(answer.headers.get('couture-left-out')).toBe('blocked_identifier=15')
  })

  test('one context with 20,000 categories and fields for 2,500 calls', async () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`c${i}`, true]))
    const calls = Array.from({ length: 2000 }, (_, i) => ({
      type: 'track',
      event: 'x',
      messageId: `${messageId()}-${i}`,
      anonymousId: 'many',
    }))
    const body = { context: { consent: { categoryPreferences: many }, page: { title: 'A' } }, batch: calls }
    const answer = await soon(() => postCall(server, 'batch', body, basic(keys.writeKey)))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('couture-left-out')).toBe('no_consent=2000')
  })

  test('page addresses with a thousand query names each', async () => {
    const url = `https://shop.example/ä?${Array.from({ length: 1000 }, (_, i) => i.toString(36)).join('&')}`
    const calls = Array.from({ length: 100 }, () => call('page', { ...newAnonymous(server), properties: { url } }))
    const bodies = [calls.slice(0, 50), calls.slice(50)]
    for (const batch of bodies) {
      const answer = await soon(() => postCall(server, 'batch', { batch }, basic(keys.secret)))
      expect([answer.status, answer.headers.get('couture-left-out')]).toEqual([200, null])
    }
  })
})

type Result = { created: number; rejected: { row: number; code: string; message: string }[] }

/** A value nested 20,000 deep, as JSON: `JSON.stringify` cannot write one. */
const deep = '['.repeat(20_000) + ']'.repeat(20_000)
const deepObject = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`

async function push(path: string, type: string, body: string): Promise<Result> {
  const answer = await server.api(`/api/v1/${path}`, { method: 'POST', headers: { 'content-type': type }, body })
  expect(answer.status).toBe(200)
  return (await answer.json()) as Result
}

describe('a row nested 20,000 deep is that row’s error', () => {
  const tooDeep = { message: 'the row must be nested at most 32 levels deep' }
  const orderRow = (id: string, items: string) =>
    `{"order_id":"${id}","at":"2026-03-02T16:00:00Z","total":1,"currency":"EUR","items":${items}}`

  test.each([
    ['contacts as JSON', 'application/json', (rows: string[]) => `[${rows.join(',')}]`],
    ['contacts as NDJSON', 'application/x-ndjson', (rows: string[]) => rows.join('\n')],
  ])('%s', async (name, type, join) => {
    const id = name.replaceAll(' ', '-')
    const rows = [
      `{"id":"${id}","phone":"1"}`,
      `{"id":"x","attributes":{"a":${deep}}}`,
      deep,
      `{"id":"x","attributes":${deepObject}}`,
    ]
    const result = await push('contacts', type, join(rows))
    expect(result).toMatchObject({
      created: 1,
      rejected: [2, 3, 4].map((row) => ({ row, code: 'invalid_contact', ...tooDeep })),
    })
  })

  test.each([
    ['orders as JSON', 'application/json', (rows: string[]) => `[${rows.join(',')}]`],
    ['orders as NDJSON', 'application/x-ndjson', (rows: string[]) => rows.join('\n')],
  ])('%s', async (name, type, join) => {
    const id = name.replaceAll(' ', '-')
    const result = await push(
      'orders',
      type,
      join([orderRow(id, '[]'), orderRow('x', deep), orderRow('y', `[${deepObject}]`)]),
    )
    expect(result).toMatchObject({
      created: 1,
      rejected: [2, 3].map((row) => ({ row, code: 'invalid_order', ...tooDeep })),
    })
  })

  test('orders as CSV', async () => {
    const row = (id: string, items: string) => `${id},c-1,2026-03-02T16:00:00Z,1,EUR,"${items.replaceAll('"', '""')}"`
    const rows = [
      'order_id,contact_id,at,total,currency,items',
      row('csv-1', '[]'),
      row('csv-2', deep),
      row('csv-3', `[${deepObject}]`),
    ]
    const result = await push('orders', 'text/csv', rows.join('\n'))
    expect(result).toMatchObject({
      created: 1,
      rejected: [3, 4].map((row) => ({ row, code: 'invalid_order', ...tooDeep })),
    })
  })
})

describe('a body over the limit of its route is a 413', () => {
  const stream = (text: string) => new Blob([text]).stream()
  /** The reply. The server stops reading after it, so a slow sender may find the connection closed and sends again. */
  const answerTo = async (send: () => Promise<Response>, attempts = 5): Promise<Response> => {
    try {
      return await send()
    } catch (error) {
      if (attempts === 1) throw error
      return answerTo(send, attempts - 1)
    }
  }

  test('for every private call that takes one, with and without its length', async () => {
    const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as ApiDocument
    const calls = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([verb, operation]) => ({ path, verb, operation })),
    )
    const withBody = calls.filter(
      ({ path, operation }) => path.startsWith('/api/v1/') && operation.requestBody !== undefined,
    )
    expect(withBody.length).toBeGreaterThan(5)
    const larger: Record<string, number> = {
      '/api/v1/contacts': 16 * 1024 * 1024,
      '/api/v1/orders': 16 * 1024 * 1024,
      '/api/v1/link-tokens': 4 * 1024 * 1024,
    }
    for (const { path, verb, operation } of withBody) {
      const text = `"${'x'.repeat(larger[path] ?? 64 * 1024)}"`
      expect(operation.responses, `${verb} ${path}`).toHaveProperty('413')
      for (const body of [() => text, () => stream(text)]) {
        const answer = await answerTo(() =>
          server.api(filledPath(path, operation), {
            method: verb.toUpperCase(),
            headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
            body: body(),
            duplex: 'half',
          } as RequestInit),
        )
        const problem = await problemOf(answer)
        expect(problem, `${verb} ${path}`).toMatchObject({ status: 413, code: 'too_large' })
        expect(problem.detail).toMatch(/^the body must be at most \d+ bytes/)
      }
    }
  })

  test('and what is within it is taken', async () => {
    const row = { id: 'large', attributes: { note: 'x'.repeat(1000) } }
    const rows = JSON.stringify(Array.from({ length: 5000 }, (_, i) => ({ ...row, id: `large-${i}` })))
    expect(await push('contacts', 'application/json', rows)).toMatchObject({ created: 5000, rejected: [] })
  })
})
