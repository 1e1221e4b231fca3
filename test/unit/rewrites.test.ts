/** What asks the journal for other entries is answered, or told that the journal is closed; it never waits for nobody. */
import { expect, test } from 'vitest'
import { createRewrites, Ended } from '../../server/erasure/rewrites.ts'

test('a rewrite resolves when it is on disk, and fails with what the journal says', async () => {
  const asked: string[] = []
  const rewrites = createRewrites((journalId) => asked.push(journalId))
  const first = rewrites.rewrite('a-journal', [])
  rewrites.answered(null)
  await first
  const second = rewrites.rewrite('a-journal', [])
  rewrites.answered('the disk is full')
  await expect(second).rejects.toThrow('the disk is full')
  expect(asked).toEqual(['a-journal', 'a-journal'])
})

test('at the end what waits fails, and what comes after is not even asked', async () => {
  const asked: string[] = []
  const rewrites = createRewrites((journalId) => asked.push(journalId))
  const waiting = rewrites.rewrite('a-journal', [])
  rewrites.end()
  await expect(waiting).rejects.toThrow(Ended)
  await expect(rewrites.rewrite('a-journal', [])).rejects.toThrow(Ended)
  expect(asked).toEqual(['a-journal'])
})
