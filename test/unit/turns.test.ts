/** How the thread divides its time between landing and deriving. */
import { expect, test } from 'vitest'
import { createTurns } from '../../server/land/turns.ts'

/** An endless supply of parts of 10 ms each; `lagMs` is what each finds. Counts the parts and the rounds of a turn. */
function createWork(lagMs: number, { interruptedAt = Number.POSITIVE_INFINITY } = {}) {
  let time = 0
  const turns = createTurns({ now: () => time, interrupted: () => time >= interruptedAt })
  const step = () => {
    time += 10
  }
  return {
    async land() {
      let parts = 0
      await turns.land(async () => {
        step()
        parts++
        return { events: 100, lagMs }
      })
      return parts
    },
    fail: () => turns.land(() => Promise.reject(new Error('the disk is full'))),
    /** A turn that finds nothing to land. */
    idle: () => turns.land(async () => ({ events: 0, lagMs: 0 })),
    async derive() {
      let rounds = 0
      await turns.derive(async () => {
        step()
        rounds++
        return true
      })
      return rounds
    },
  }
}

test.each([
  ['nothing waits: one part', 0, 1],
  ['the last waited for 50 ms: for as long', 50, 5],
  ['it waited for less than a second: 100 ms', 900, 10],
  ['it waited for a second: for a second', 1000, 100],
  ['it waited for a minute: two seconds', 60_000, 200],
])('landing, %s', async (_, lagMs, parts) => {
  const { land } = createWork(lagMs)
  expect(await land()).toBe(1)
  expect(await land()).toBe(parts)
})

test.each([
  ['after a short turn of landing: as long', 50, 5],
  ['after a long one: a quarter of a second', 60_000, 25],
])('deriving, %s', async (_, lagMs, rounds) => {
  const { land, derive } = createWork(lagMs)
  await land()
  await land()
  expect(await derive()).toBe(rounds)
})

test('deriving when nothing was landed: one round', async () => {
  const { land, idle, derive } = createWork(60_000)
  await land()
  await land()
  await idle()
  expect(await derive()).toBe(1)
})

test('if the collector lacks a processor, a turn ends after its current part', async () => {
  const { land } = createWork(60_000, { interruptedAt: 45 })
  expect(await land()).toBe(1)
  expect(await land()).toBe(4)
  expect(await land()).toBe(1)
})

test('a failed transaction is retried with a single part', async () => {
  const { land, fail } = createWork(60_000)
  await land()
  await expect(fail()).rejects.toThrow('full')
  expect(await land()).toBe(1)
})
