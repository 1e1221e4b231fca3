/** The decisions of the pipeline's thread: the order of its stages, pauses after failures, its share, and its rest. */
import { describe, expect, test } from 'vitest'
import { Ended } from '../../server/erasure/rewrites.ts'
import { createRest } from '../../server/ops/rest.ts'
import { LostClaim } from '../../server/store/work/ownership.ts'
import { type Attempt, createAttempts } from '../../server/threads/attempts.ts'
import { keepShare } from '../../server/threads/share-beat.ts'
import { createTurn } from '../../server/threads/turn.ts'

function attempts({ stopping = false } = {}) {
  const pauses: number[] = []
  const errors: string[] = []
  const fenced: string[] = []
  const made = createAttempts({
    onError: (stage, error) => errors.push(`${stage}: ${(error as Error).message}`),
    onFenced: (message) => fenced.push(message),
    isStopping: () => stopping,
    sleep: async (ms) => pauses.push(ms),
  })
  return { ...made, pauses, errors, fenced }
}

const failing = (error: Error) => () => Promise.reject(error)

describe('attempts', () => {
  test('a stage says whether it found something', async () => {
    const { attempt } = attempts()
    expect(await attempt('land', async () => true)).toBe(true)
    expect(await attempt('land', async () => false)).toBe(false)
  })

  test('the pause doubles with each failure up to two seconds, for each stage by itself, and ends with a success', async () => {
    const { attempt, pauses, errors } = attempts()
    const full = failing(new Error('the disk is full'))
    for (let i = 0; i < 5; i++) expect(await attempt('land', full)).toBe(false)
    await attempt('derive', full)
    await attempt('land', async () => true)
    await attempt('land', full)
    expect(pauses).toEqual([250, 500, 1000, 2000, 2000, 250, 250])
    expect(errors).toHaveLength(7)
    expect(errors[5]).toBe('derive: the disk is full')
  })

  test('a share that was lost is no failure: there is something to do, by another process', async () => {
    const { attempt, fenced, errors, pauses } = attempts()
    expect(await attempt('derive', failing(new LostClaim('bucket 7')))).toBe(true)
    expect({ fenced, errors, pauses }).toEqual({ fenced: ['bucket 7'], errors: [], pauses: [] })
  })

  test('the end of the journal is no failure', async () => {
    const { attempt, errors, pauses } = attempts()
    expect(await attempt('forget', failing(new Ended()))).toBe(false)
    expect({ errors, pauses }).toEqual({ errors: [], pauses: [] })
  })

  test('within another stage a failure is reported and the other goes on; not when the thread is stopping', async () => {
    const running = attempts()
    await running.within('forget', failing(new Error('the journal is full')))
    expect(running.errors).toEqual(['forget: the journal is full'])
    const ending = attempts({ stopping: true })
    await expect(ending.within('forget', failing(new Error('the journal is full')))).rejects.toThrow(Ended)
    await ending.within('forget', async () => {})
  })
})

const everyAttempt: Attempt = (_, work) => work()

function turns(found: Partial<Record<'land' | 'derive' | 'forget' | 'retain' | 'maintain', boolean>>) {
  let time = 0
  const order: string[] = []
  const reported: object[] = []
  const stage = (name: keyof typeof found) => async () => {
    order.push(name)
    time += 10
    if (name === 'land') turn.noteLanded(7)
    if (name === 'derive') turn.noteDerived('visitor', 3)
    return found[name] ?? false
  }
  const maintain = stage('maintain')
  const turn = createTurn({
    attempt: everyAttempt,
    stages: {
      land: stage('land'),
      derive: stage('derive'),
      forget: stage('forget'),
      retain: stage('retain'),
      maintain: async (idle) => {
        order.push(idle ? 'idle' : 'busy')
        return maintain()
      },
    },
    now: () => time,
    onTurn: (each) => reported.push(each),
  })
  return { turn, order, reported }
}

describe('a turn', () => {
  test('runs every stage in order, and maintenance learns whether the others had anything to do', async () => {
    const idle = turns({})
    expect(await idle.turn.run()).toBe(false)
    expect(idle.order).toEqual(['land', 'derive', 'forget', 'retain', 'idle', 'maintain'])
    expect(idle.reported).toEqual([])
    const busy = turns({ retain: true })
    expect(await busy.turn.run()).toBe(true)
    expect(busy.order).toContain('busy')
  })

  test('maintenance alone is something to do', async () => {
    const { turn } = turns({ maintain: true })
    expect(await turn.run()).toBe(true)
  })

  test('is reported with the times of the stages that found something, and what they did', async () => {
    const { turn, reported } = turns({ derive: true })
    await turn.run()
    await turn.run()
    const derived = { visitor: 3, person: 0, contact: 0 }
    expect(reported).toEqual([
      { landMs: null, events: 7, deriveMs: 10, derived },
      { landMs: null, events: 7, deriveMs: 10, derived },
    ])
  })
})

test('the share is renewed every two seconds, also after a failure, and not once the thread is stopping', async () => {
  const { attempt, errors } = attempts()
  const rests: number[] = []
  let beats = 0
  let stopping = false
  await keepShare({
    beat: async () => {
      beats++
      if (beats === 2) throw new Error('the store is away')
      if (beats === 4) stopping = true
    },
    attempt,
    isStopping: () => stopping,
    sleep: async (ms) => rests.push(ms),
  })
  expect({ beats, rests, errors }).toEqual({
    beats: 4,
    rests: [2000, 2000, 2000],
    errors: ['share: the store is away'],
  })
})

describe('a rest', () => {
  const HOURS_MS = 3600_000

  test('ends with a call', async () => {
    const { rest, wake } = createRest()
    const resting = rest(HOURS_MS)
    wake()
    await resting
  })

  test('does not begin where the call came before, and that counts once', async () => {
    const { rest, wake } = createRest()
    wake()
    await rest(HOURS_MS)
    const began = performance.now()
    await rest(20)
    expect(performance.now() - began).toBeGreaterThan(15)
  })
})
