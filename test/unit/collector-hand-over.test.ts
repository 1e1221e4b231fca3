/** How requests reach the collector's thread and their answers return: in batches, within bounds, never lost. */
import { describe, expect, test } from 'vitest'
import type { CollectRequest } from '../../server/collect/accept.ts'
import { Problem } from '../../server/domain/problem.ts'
import { createAnswers } from '../../server/threads/answers.ts'
import { type PackedAnswer, type PackedRequest, packAnswer, unpackRequest } from '../../server/threads/packed.ts'
import { createQuestions } from '../../server/threads/questions.ts'
import { createUnderWay } from '../../server/threads/under-way.ts'

const request = (text: string): CollectRequest => ({
  address: '203.0.113.7',
  receivedAt: 1,
  text,
  site: null,
  writeKey: null,
  authorization: undefined,
  cookie: 'a=b',
  origin: 'https://shop.example',
  fetchSite: 'same-site',
  userAgent: 'a browser',
})

function underWay() {
  const sent: PackedRequest[][] = []
  const later: (() => void)[] = []
  return {
    ...createUnderWay({ send: (batch) => sent.push(batch), later: (handOver) => later.push(handOver) }),
    sent,
    later,
  }
}

const answer = { status: 202, headers: { 'set-cookie': 'a=b' }, body: '{}' }
const codeOf = (error: unknown) => (error as Problem).code

describe('requests', () => {
  test('that are read at the same time are handed over together, at most sixteen, and arrive unchanged', () => {
    const { collect, sent, later } = underWay()
    for (let i = 0; i < 18; i++) void collect('events', request(`${i}`))
    expect(sent.map((batch) => batch.length)).toEqual([16])
    for (const handOver of later) handOver()
    expect(sent.map((batch) => batch.length)).toEqual([16, 2])
    expect(unpackRequest(sent[1]![1]!)).toEqual(request('17'))
  })

  test('are answered by their number, in any order', async () => {
    const { collect, answered, failed } = underWay()
    const first = collect('events', request('1'))
    const second = collect('batch', request('2'))
    const third = collect('events', request('3'))
    answered([packAnswer(2, answer), packAnswer(1, { ...answer, headers: {} })])
    failed(3, new Error('a fault'))
    expect(await second).toEqual(answer)
    expect(await first).toEqual({ ...answer, headers: {} })
    await expect(third).rejects.toThrow('a fault')
  })

  test('beyond 64 MiB in flight are refused until some are answered', async () => {
    const { collect, answered } = underWay()
    const large = request('x'.repeat(33 * 1024 * 1024))
    void collect('events', large)
    void collect('events', large)
    await expect(collect('events', request('small'))).rejects.toSatisfy((e) => codeOf(e) === 'journal_unavailable')
    answered([packAnswer(1, answer)])
    const next = collect('events', request('small'))
    answered([packAnswer(3, answer)])
    expect(await next).toEqual(answer)
  })

  test('fail when the thread has died, both those in flight and new ones', async () => {
    const { collect, die } = underWay()
    const waiting = collect('events', request('1'))
    die(new Error('out of memory'))
    const refused = (error: Error) => codeOf(error) === 'journal_unavailable' && error.message.includes('out of memory')
    await expect(waiting).rejects.toSatisfy(refused)
    await expect(collect('events', request('2'))).rejects.toSatisfy(refused)
  })
})

describe('questions', () => {
  test('are answered by their number', async () => {
    const { ask, answer } = createQuestions()
    const numbers: number[] = []
    const send = (number: number) => numbers.push(number)
    const first = ask<string>(send, () => 'dead')
    const second = ask<string>(send, () => 'dead')
    answer(numbers[1]!, 'b')
    answer(numbers[0]!, 'a')
    answer(99, 'nobody asked')
    expect([await first, await second]).toEqual(['a', 'b'])
  })

  test('get the fallback answer when the thread has died, both waiting and new ones', async () => {
    const { ask, die } = createQuestions()
    const waiting = ask<string>(
      () => {},
      (why) => `dead: ${why}`,
    )
    die(new Error('out of memory'))
    expect(await waiting).toBe('dead: out of memory')
    const sent: number[] = []
    expect(
      await ask(
        (number) => sent.push(number),
        (why) => why,
      ),
    ).toBe('out of memory')
    expect(sent).toEqual([])
  })
})

describe('answers', () => {
  function answers() {
    const sent: { list: PackedAnswer[]; counts: Map<string, number> }[] = []
    const failures: string[] = []
    const made = createAnswers({
      send: (list, counts) => sent.push({ list, counts }),
      onFailed: (job, error) => failures.push(`${job}: ${error.message}`),
    })
    return { ...made, sent, failures }
  }

  test('of one group return together, with the counts since the last group', async () => {
    const { answer: give, count, sent } = answers()
    count('accepted', 3)
    give(1, answer)
    give(2, answer)
    count('accepted', 2)
    count('bots', 0)
    await Promise.resolve()
    give(3, answer)
    await Promise.resolve()
    expect(sent.map(({ list }) => list.length)).toEqual([2, 1])
    expect(sent[0]!.counts).toEqual(new Map([['accepted', 5]]))
    expect(sent[1]!.counts).toEqual(new Map())
  })

  test('a refusal is an answer, a fault is reported', async () => {
    const { fail, sent, failures } = answers()
    fail(1, new Problem(413, 'too_large', 'the body must be smaller'))
    fail(2, new Error('a fault'))
    await Promise.resolve()
    expect(sent).toHaveLength(1)
    expect(sent[0]!.list[0]!.slice(0, 2)).toEqual([1, 413])
    expect(failures).toEqual(['2: a fault'])
  })
})
