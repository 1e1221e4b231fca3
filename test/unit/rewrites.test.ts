/**
 * Requests to rewrite journal entries are always answered, or fail because the journal is closed; none waits for ever.
 */
import { expect, test } from 'vitest'
import { createRewrites, Ended } from '../../server/erasure/rewrites.ts'

test('a rewrite resolves once it is on disk, and fails with the journal’s error', async () => {
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

test('at the end waiting rewrites fail, and later ones are not even tried', async () => {
  const asked: string[] = []
  const rewrites = createRewrites((journalId) => asked.push(journalId))
  const waiting = rewrites.rewrite('a-journal', [])
  rewrites.end()
  await expect(waiting).rejects.toThrow(Ended)
  await expect(rewrites.rewrite('a-journal', [])).rejects.toThrow(Ended)
  expect(asked).toEqual(['a-journal'])
})
