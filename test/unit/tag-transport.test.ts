/** Which replies to the tag's requests are the collector's own, and what the others mean. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createPost } from '../../tag/transport.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const OWN = JSON.stringify({ visitor: 'v1', accepted: 2, duplicate: 0, rejected: [] })
const PROBLEM = JSON.stringify({ type: 'about:blank', title: 'No', status: 400, code: 'invalid_request', detail: 'no' })

type Reply = { status: number; body?: string | null; type?: string; headers?: Record<string, string> }

/** What one reply means, and the statuses that the page's console is told. */
async function meaning(reply: () => Promise<Response>) {
  const told: number[] = []
  const post = createPost({ endpoint: '/e', fetch: reply, now: () => 0, puzzled: (status) => told.push(status) })
  const outcome = post('{}', false)
  await vi.advanceTimersByTimeAsync(60_000)
  return { ...(await outcome), told }
}

const answer = ({ status, body = '', type = 'application/json', headers = {} }: Reply) => {
  return meaning(async () => new Response(body, { status, headers: { 'content-type': type, ...headers } }))
}

test('only the collector’s own 202 is a success', async () => {
  expect(await answer({ status: 202, body: OWN })).toEqual({ kind: 'done', visitor: 'v1', rejected: [], told: [] })
})

describe('kept, and told in the console', () => {
  test.each<Reply>([
    { status: 200, body: OWN },
    { status: 200, body: '<h1>Welcome</h1>', type: 'text/html' },
    { status: 200, body: '{"ok":true}' },
    { status: 202, body: '<h1>Accepted</h1>', type: 'text/html' },
    { status: 202, body: '{"queued":true}' },
    { status: 202, body: '' },
    { status: 202, body: OWN.slice(0, -1) },
    { status: 202, body: '[]' },
    { status: 202, body: 'null' },
    { status: 204, body: null },
    { status: 304, body: null },
    ...[400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 414, 415, 417, 421, 422, 423, 425, 426, 451].map(
      (status) => ({ status, body: '<h1>No</h1>', type: 'text/html' }),
    ),
    { status: 400, body: '{"code":"bad"}' },
    { status: 403, body: '{"title":"Blocked"}', type: 'application/problem+json' },
    { status: 403, body: PROBLEM, type: 'text/html' },
    { status: 404, body: PROBLEM, type: 'application/problem+json' },
    { status: 405, body: PROBLEM, type: 'application/problem+json' },
  ])('$status $type $body', async (reply) => {
    expect(await answer(reply)).toEqual({ kind: 'retry', afterMs: undefined, told: [reply.status] })
  })

  test('after as long as the reply asks for', async () => {
    const reply = { status: 403, headers: { 'retry-after': '30' } }
    expect(await answer(reply)).toEqual({ kind: 'retry', afterMs: 30_000, told: [403] })
  })

  test('an opaque answer', async () => {
    expect(await meaning(async () => Response.error())).toEqual({ kind: 'retry', afterMs: undefined, told: [0] })
  })
})

test.each([400, 401, 403, 415])('the collector’s own problem with %s drops the events', async (status) => {
  const reply = { status, body: PROBLEM, type: 'application/problem+json' }
  expect(await answer(reply)).toEqual({ kind: 'refused', status, told: [] })
})

test.each([
  [413, { kind: 'too_large' }],
  [429, { kind: 'retry', afterMs: undefined }],
  [500, { kind: 'retry', afterMs: undefined }],
  [502, { kind: 'retry', afterMs: undefined }],
  [503, { kind: 'retry', afterMs: undefined }],
])('%s means what it says, whoever says it', async (status, outcome) => {
  expect(await answer({ status, body: '<h1>No</h1>', type: 'text/html' })).toEqual({ ...outcome, told: [] })
})

test.each<[string, () => Promise<Response>]>([
  ['fails', () => Promise.reject(new TypeError('Failed to fetch'))],
  ['never settles', () => new Promise(() => {})],
  ['settles, but its body never ends', async () => new Response(new ReadableStream(), { status: 202 })],
  [
    'throws at once',
    () => {
      throw new Error('replaced')
    },
  ],
  ['returns nothing', () => undefined as unknown as Promise<Response>],
])('a request that %s is tried again', async (_, reply) => {
  expect(await meaning(reply)).toEqual({ kind: 'retry', told: [] })
})

test('a request that takes too long is ended, so that it holds no connection', async () => {
  let signal: AbortSignal | null | undefined
  const hanging = (_: unknown, init?: RequestInit) => {
    signal = init?.signal
    return new Promise<Response>(() => {})
  }
  const post = createPost({ endpoint: '/e', fetch: hanging as typeof fetch, now: () => 0, puzzled: () => {} })
  void post('{}', false)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(signal?.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(signal?.aborted).toBe(true)
})
