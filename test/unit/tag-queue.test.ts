/** The queue without a browser: its times, limits and order, on a clock that the test moves. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createIds } from '../../tag/envelope.ts'
import type { LossKind } from '../../tag/losses.ts'
import { createQueue } from '../../tag/queue.ts'
import { type Batch, createStorage } from '../../tag/storage.ts'
import { type Outcome, retryAfterMs } from '../../tag/transport.ts'
import { createUnsent, UNSENT_BYTES } from '../../tag/unsent.ts'
import { CANDIDATE_PATTERN, type WireBatch, type WireConsent, type WireEvent } from '../../tag/wire.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

const consent: WireConsent = { id: 'c1', analytics: true, identity: true, marketing: true, source: 'manual' }
const DONE: Outcome = { kind: 'done', visitor: 'v1', rejected: [] }
const RETRY: Outcome = { kind: 'retry' }
let made = 0
const event = (type: string, props?: Record<string, unknown>): WireEvent => ({
  id: `e${made++}`,
  type,
  at: 'now',
  props,
})

/** The part of localStorage that the tag uses. */
function area() {
  const items = new Map<string, string>()
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  }
}

/** A queue whose requests are answered by the given outcomes and then by 2xx; null leaves a request unanswered. */
function start(outcomes: (Outcome | Promise<Outcome> | null)[] = [], local = area()) {
  const sent: { at: number; body: WireBatch; keepalive: boolean; bytes: number }[] = []
  const lost: Partial<Record<LossKind, number>> = {}
  const storage = createStorage(() => local)
  const began = Date.now()
  const queue = createQueue({
    site: 'demo',
    post: async (text, keepalive) => {
      sent.push({ at: Date.now() - began, body: JSON.parse(text), keepalive, bytes: Buffer.byteLength(text) })
      const outcome = outcomes.length ? outcomes.shift() : DONE
      return outcome ?? new Promise(() => {})
    },
    storage,
    now: Date.now,
    random: () => 0,
    onVisitor: () => {},
    lose: (kind, count) => {
      lost[kind] = (lost[kind] ?? 0) + count
    },
  })
  return { queue, sent, lost, local, storage }
}

test('ids have 21 characters and increase as strings, within a millisecond and against a clock that is set back', () => {
  let clock = 1_800_000_000_000
  const newId = createIds()
  const ids: string[] = []
  for (let i = 0; i < 2000; i++) ids.push(newId(clock))
  clock += 5000
  ids.push(newId(clock))
  clock -= 3600_000
  ids.push(newId(clock), newId(clock))
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{21}$/)
  expect([...ids].sort((a, b) => (a < b ? -1 : 1))).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
})

test('ids of two pages compare as their times do, over every carry of the prefix', () => {
  const times = [1, 2, 63, 64, 4095, 4096, 2 ** 30 - 1, 2 ** 30, 2 ** 41, 2 ** 47]
  const ids = times.map((time) => createIds()(time))
  expect([...ids].sort((a, b) => (a < b ? -1 : 1))).toEqual(ids)
})

test.each([
  [null, undefined],
  ['', undefined],
  ['7', 7000],
  ['0', 0],
  ['soon', undefined],
  [new Date(1_800_000_090_000).toUTCString(), 90_000],
  [new Date(1_700_000_000_000).toUTCString(), undefined],
  ['99999999999', 3600_000],
])('Retry-After %s means %s ms', (header, ms) => {
  expect(retryAfterMs(header, 1_800_000_000_000)).toBe(ms)
})

/** A queue with a view at 600 ms, during its first request, which ends at 700 ms. */
async function startAndView() {
  const answered = new Promise<Outcome>((resolve) => setTimeout(() => resolve(DONE), 700))
  const { queue, sent } = start([answered])
  queue.open(consent, false)
  queue.add(event('consent'))
  await vi.advanceTimersByTimeAsync(600)
  queue.add(event('page'))
  return { queue, sent }
}

test('events during a request are gathered as usual: a view waits for its late title', async () => {
  const { sent } = await startAndView()
  await vi.advanceTimersByTimeAsync(5000)
  expect(sent.map(({ at }) => at)).toEqual([0, 2100])
})

test('a view that has its title is sent with the events of its half second', async () => {
  const { queue, sent } = start()
  queue.open(consent, false)
  await vi.advanceTimersByTimeAsync(1)
  queue.add({ ...event('page'), title: 'Rings' })
  await vi.advanceTimersByTimeAsync(5000)
  expect(sent.map(({ at }) => at)).toEqual([501])
})

test('a choice that is stated again sends nothing by itself', async () => {
  const { queue, sent } = start()
  queue.open(consent, false)
  await vi.advanceTimersByTimeAsync(1)
  queue.add(event('a'))
  queue.open({ ...consent }, true)
  await vi.advanceTimersByTimeAsync(400)
  queue.open({ ...consent }, true)
  await vi.advanceTimersByTimeAsync(5000)
  expect(sent.map(({ at }) => at)).toEqual([501])
})

test('an urgent event during a request is sent when it ends, together with the rest', async () => {
  const { queue, sent } = await startAndView()
  queue.add(event('identify'))
  await vi.advanceTimersByTimeAsync(5000)
  expect(sent.map(({ at, body }) => [at, body.events.length])).toEqual([
    [0, 1],
    [701, 2],
  ])
})

test('a withdrawal during the first request is sent when it ends, whatever was being gathered', async () => {
  const { queue, sent } = await startAndView()
  queue.close({ consent: { ...consent, analytics: false }, event: event('consent') })
  await vi.advanceTimersByTimeAsync(5000)
  expect(sent.map(({ at, body }) => [at, body.events.map(({ type }) => type)])).toEqual([
    [0, ['consent']],
    [701, ['consent']],
  ])
})

test('events are gathered for half a second, and an urgent one sends all of them at once', async () => {
  const { queue, sent } = start()
  queue.open(consent, false)
  queue.add(event('a'))
  await vi.advanceTimersByTimeAsync(10)
  expect(sent.map(({ body }) => body.events.map((e) => e.type))).toEqual([['a']])
  queue.add(event('b'))
  await vi.advanceTimersByTimeAsync(400)
  queue.add(event('c'))
  expect(sent).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(101)
  expect(sent[1]!.body.events.map((e) => e.type)).toEqual(['b', 'c'])
  queue.add(event('d'))
  queue.add(event('purchase'))
  await vi.advanceTimersByTimeAsync(1)
  expect(sent[2]!.body.events.map((e) => e.type)).toEqual(['d', 'purchase'])
})

test('failures back off from one second to five minutes, and a success starts over', async () => {
  const { queue, sent } = start([...Array(11).fill(RETRY), DONE, RETRY])
  queue.open(consent, false)
  queue.add(event('a'))
  await vi.advanceTimersByTimeAsync(3600_000)
  const waits = sent.slice(1).map(({ at }, i) => Math.round((at - sent[i]!.at) / 1000))
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
  expect(new Set(sent.map(({ body }) => body.events[0]!.id)).size).toBe(1)
  const before = sent.length
  queue.add(event('b'))
  await vi.advanceTimersByTimeAsync(600)
  expect(sent).toHaveLength(before + 1)
  await vi.advanceTimersByTimeAsync(1000)
  expect(sent).toHaveLength(before + 2)
})

test('urgent events and the end of the page obey Retry-After; the latter then only stores', async () => {
  const { queue, sent, local } = start([{ kind: 'retry', afterMs: 60_000 }])
  queue.open(consent, false)
  queue.add(event('purchase'))
  await vi.advanceTimersByTimeAsync(10)
  queue.add(event('identify'))
  queue.leave()
  await vi.advanceTimersByTimeAsync(59_000)
  expect(sent).toHaveLength(1)
  expect(JSON.parse(local.items.get('couture.unsent')!)[0].events).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(2000)
  expect(sent[1]!.body.events.map((e) => e.type)).toEqual(['purchase', 'identify'])
  expect(local.items.has('couture.unsent')).toBe(false)
})

test('keepalive requests in flight carry at most 60 KiB, and the rest is stored', async () => {
  const { queue, sent, local } = start([null, null, null, null, null, null, null, null])
  queue.open(consent, false)
  for (let i = 0; i < 9; i++) queue.add(event('big', { note: 'x'.repeat(10_000) }))
  queue.leave()
  queue.leave()
  expect(sent.length).toBeGreaterThan(0)
  expect(sent.every(({ keepalive }) => keepalive)).toBe(true)
  expect(sent.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(60 * 1024)
  const ids = sent.flatMap(({ body }) => body.events.map((e) => e.id))
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids).toHaveLength(6)
  expect(JSON.parse(local.items.get('couture.unsent')!)[0].events).toHaveLength(9)
  // No other request starts while the browser's allowance is used up.
  await vi.advanceTimersByTimeAsync(5000)
  expect(sent.filter(({ keepalive }) => !keepalive)).toEqual([])
})

test('an acknowledged event leaves the storage, whichever request carried it', async () => {
  const { queue, sent, local } = start([null, DONE])
  queue.open(consent, false)
  queue.add(event('a'))
  await vi.advanceTimersByTimeAsync(10)
  // The first request hangs; the page is hidden, and the same event is sent again with keepalive.
  queue.leave()
  expect(sent.map(({ keepalive }) => keepalive)).toEqual([false, true])
  expect(sent[1]!.body.events).toEqual(sent[0]!.body.events)
  await vi.advanceTimersByTimeAsync(10)
  expect(local.items.has('couture.unsent')).toBe(false)
})

test('storage is bounded: the oldest events go first, and are counted', () => {
  const local = area()
  let lost = 0
  const unsent = createUnsent({
    storage: createStorage(() => local),
    lose: (_kind, count) => {
      lost += count
    },
  })
  const batch = (name: string, count: number): Batch => ({
    consent,
    candidate: name,
    events: Array.from({ length: count }, (_, i) => ({ ...event(`${name}${i}`), props: { note: 'x'.repeat(3000) } })),
  })
  unsent.keep(batch('old', 20))
  unsent.keep(batch('new', 20))
  const kept = unsent.load().flatMap((each) => each.events.map((e) => e.type))
  expect(local.items.get('couture.unsent')!.length).toBeLessThanOrEqual(UNSENT_BYTES)
  expect(kept).toHaveLength(30)
  expect(kept.slice(0, 1)).toEqual(['old10'])
  expect(kept.slice(-20)).toEqual(Array.from({ length: 20 }, (_, i) => `new${i}`))
  expect(lost).toBe(10)
})

test('a queue that cannot send is bounded and counts what it drops', () => {
  const { queue, lost } = start()
  queue.open(consent, false)
  for (let i = 0; i < 503; i++) queue.add(event('a'))
  expect(lost).toEqual({ overflow: 3 })
})

test('stored batches are sent first, and foreign data in the storage do no harm', async () => {
  const local = area()
  const old = { candidate: 'c0', visitor: 'v0', consent, events: [event('old')] }
  local.setItem(
    'couture.unsent',
    JSON.stringify([
      null,
      { events: 5 },
      old,
      { consent, candidate: 'c0', events: [event('x', { n: 'y'.repeat(70_000) })] },
    ]),
  )
  const { queue, sent, lost } = start([DONE, { kind: 'too_large' }], local)
  queue.open(consent, true)
  queue.add(event('new'))
  await vi.advanceTimersByTimeAsync(1000)
  const { candidate } = sent[2]!.body
  expect(sent.map(({ body }) => [body.candidate, body.visitor, body.events.map((e) => e.type)])).toEqual([
    ['c0', 'v0', ['old']],
    // The first reply named the visitor of the candidate.
    ['c0', 'v1', ['x']],
    [candidate, undefined, ['new']],
  ])
  expect(candidate).toMatch(CANDIDATE_PATTERN)
  expect(lost).toEqual({ too_large: 1 })
  expect(local.items.has('couture.unsent')).toBe(false)
})

test('events stored without a standing choice are not sent', async () => {
  const local = area()
  local.setItem('couture.unsent', JSON.stringify([{ visitor: 'retired', consent, events: [event('old')] }]))
  const { queue, sent } = start([], local)
  queue.open(consent, false)
  queue.add(event('new'))
  await vi.advanceTimersByTimeAsync(1000)
  expect(sent.flatMap(({ body }) => body.events.map((e) => e.type))).toEqual(['new'])
  expect(local.items.has('couture.unsent')).toBe(false)
})

test('each batch carries its candidate, also when the visitor is known, and follows what replies say', async () => {
  const other: Outcome = { kind: 'done', visitor: 'v2', rejected: [] }
  const { queue, sent, local } = start([DONE, other])
  queue.open(consent, false)
  for (const type of ['a', 'b', 'c']) {
    queue.add(event(type))
    await vi.advanceTimersByTimeAsync(1000)
  }
  const [first] = sent
  expect(first!.body.candidate).toMatch(CANDIDATE_PATTERN)
  expect(sent.map(({ body }) => [body.candidate, body.visitor])).toEqual(
    [undefined, 'v1', 'v2'].map((visitor) => [first!.body.candidate, visitor]),
  )
  // It is proof while it waits, but no page after this one takes it up.
  expect(local.items.has('couture.candidate')).toBe(false)
  queue.add(event('d'))
  queue.leave()
  expect(JSON.parse(local.items.get('couture.unsent')!)[0].candidate).toBe(first!.body.candidate)
})

test('a withdrawal is reported with the candidate of the visitor that it retires, and a later grant has another', async () => {
  const { queue, sent } = start()
  queue.open(consent, false)
  queue.add(event('a'))
  await vi.advanceTimersByTimeAsync(1000)
  queue.close({ consent: { ...consent, analytics: false }, event: event('consent') })
  queue.open(consent, false)
  queue.add(event('b'))
  await vi.advanceTimersByTimeAsync(1000)
  const [granted, withdrawn, anew] = sent.map(({ body }) => body)
  expect(withdrawn).toMatchObject({ candidate: granted!.candidate, visitor: 'v1', consent: { analytics: false } })
  expect(anew!.candidate).toMatch(CANDIDATE_PATTERN)
  expect(anew!.candidate).not.toBe(granted!.candidate)
  expect(anew).not.toHaveProperty('visitor')
})
