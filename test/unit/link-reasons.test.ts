/** The sentences of the reason codes. That every code a rule writes has one is a matter of types. */
import { expect, test } from 'vitest'
import { END_REASONS, REASONS } from '../../server/domain/link-reasons.ts'

test('each reason is one sentence', () => {
  for (const sentence of [...Object.values(REASONS), ...Object.values(END_REASONS)]) {
    expect(sentence).toMatch(/^[A-Z][^.]*\.$/)
  }
})
