/** The sentences of the reason codes. The types ensure that every code has one. */
import { expect, test } from 'vitest'
import { END_REASONS, REASONS } from '../../server/domain/link-reasons.ts'

test('each reason is one sentence', () => {
  for (const sentence of [...Object.values(REASONS), ...Object.values(END_REASONS)]) {
    expect(sentence).toMatch(/^[A-Z][^.]*\.$/)
  }
})
