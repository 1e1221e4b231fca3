/**
 * The decisions of a server's start: whether it may run without its store, its messages, the backlog.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { prepareLater, prepareNow } from '../../server/actions/prepare-at-start.ts'
import { coalesce } from '../../server/ops/coalesce.ts'
import { explainStore } from '../../server/ops/damage.ts'
import { createWaiting } from '../../server/ops/readiness.ts'
import { stopInOrder } from '../../server/ops/stop.ts'

class Away extends Error {}
const isAway = (error: unknown) => error instanceof Away
const explain = (error: unknown): never => {
  throw new Error(`explained: ${(error as Error).message}`)
}

describe('preparing the store at the start', () => {
  const outcome = (error: Error | null, knowsSites: boolean) =>
    prepareNow({
      prepare: () => (error === null ? Promise.resolve() : Promise.reject(error)),
      isAway,
      knowsSites: () => knowsSites,
      explain,
    })

  test('the store is available', async () => expect(await outcome(null, false)).toBe(true))
  test('the store is unreachable and the sites are known: the server starts without it', async () =>
    expect(await outcome(new Away('gone'), true)).toBe(false))
  test('the store is unreachable at the first start', () =>
    expect(outcome(new Away('gone'), false)).rejects.toThrow('explained: gone'))
  test('the store is damaged', () =>
    expect(outcome(new Error('malformed'), true)).rejects.toThrow('explained: malformed'))
})

describe('preparing it later', () => {
  async function later(failures: Error[], { stopsAfter = Number.POSITIVE_INFINITY } = {}) {
    const did: string[] = []
    let tries = 0
    await prepareLater(
      {
        isAway,
        async prepare() {
          const failure = failures[tries++]
          if (failure) throw failure
        },
      },
      {
        begin: async () => void did.push('begin'),
        onError: (error) => did.push((error as Error).message),
        isStopping: () => tries >= stopsAfter,
        sleep: async (ms) => did.push(`${ms} ms`),
      },
    )
    return did
  }

  test('it is retried every two seconds until the store is available; other errors are reported', async () => {
    expect(await later([new Away('gone'), new Error('read only')])).toEqual([
      '2000 ms',
      '2000 ms',
      'read only',
      '2000 ms',
      'begin',
    ])
  })

  test('a server that stops retries no more', async () => {
    const failures = Array.from({ length: 9 }, () => new Away('gone'))
    expect(await later(failures, { stopsAfter: 2 })).toEqual(['2000 ms', '2000 ms', '2000 ms'])
  })
})

test.each([
  [
    'a database that is away',
    'postgres://a/b',
    new Away('refused'),
    /^the database of DATABASE_URL cannot be reached: refused$/,
  ],
  ['a damaged file', null, new Error('file is not a database'), /^\/data\/couture.db is damaged .*backup/],
  ['anything else, as it is', null, new Error('no'), /^no$/],
])('the start says: %s', (_, databaseUrl, error, message) => {
  expect(() => explainStore({ dataDir: '/data', databaseUrl }, isAway)(error)).toThrow(message)
})

describe('the backlog', () => {
  const waiting = (position: number | null, oldestAt: number | null) =>
    createWaiting({ position: () => position, after: (from) => ({ entries: 10 - from, oldestAt }), now: () => 5000 })(
      99,
    )

  test('is unknown before the first report', () =>
    expect(waiting(null, 1000)).toEqual({ entries: 0, bytes: 99, oldestMs: 0 }))
  test('is counted from there on', () => expect(waiting(7, 1000)).toEqual({ entries: 3, bytes: 99, oldestMs: 4000 }))
  test('is never younger than now', () => expect(waiting(7, 6000).oldestMs).toBe(0))
  test('is empty', () => expect(waiting(10, null)).toEqual({ entries: 0, bytes: 99, oldestMs: 0 }))
})

describe('calls in quick succession', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('are merged into one, a moment after the first', () => {
    const action = vi.fn()
    const call = coalesce(action, 20)
    call()
    call()
    vi.advanceTimersByTime(19)
    call()
    expect(action).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(action).toHaveBeenCalledOnce()
    call()
    vi.advanceTimersByTime(20)
    expect(action).toHaveBeenCalledTimes(2)
  })
})

describe('the end', () => {
  test('runs the steps in order and abandons those that do not end in time', async () => {
    const order: string[] = []
    const { left } = await stopInOrder(60, [
      ['requests', async () => void order.push('requests')],
      ['the journal', () => new Promise(() => order.push('the journal'))],
      ['the store', async (ms) => void order.push(ms < 30 ? 'the store, at once' : 'the store')],
    ])
    expect(order).toEqual(['requests', 'the journal', 'the store, at once'])
    expect(left).toEqual(['the journal'])
  })

  test('a step that ended unfinished counts as left', async () => {
    const { left } = await stopInOrder(1000, [['requests', async () => 'requests that took too long']])
    expect(left).toEqual(['requests that took too long'])
  })
})
