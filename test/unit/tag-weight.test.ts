/** What the tag weighs: each variant keeps its budget, and carries only what its settings use. */
import { expect, test } from 'vitest'
import { TAG_BUDGETS, weighTag } from '../../server/ops/tag-weight.ts'

test.each(Object.entries(TAG_BUDGETS))('the tag of %s keeps its budget', async (_, { variant, first, total }) => {
  const weight = await weighTag(variant)
  expect(weight.first.brotli).toBeLessThanOrEqual(first)
  expect(weight.total.brotli).toBeLessThanOrEqual(total)
  // A budget that nothing comes near no longer guards anything.
  expect(weight.first.brotli).toBeGreaterThan(first * 0.9)
  expect(weight.total.brotli).toBeGreaterThan(total * 0.9)
  expect(weight.parts['queue.ts']).toBeGreaterThan(0)
})
