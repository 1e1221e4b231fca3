/** Presets reach installations by their version. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { definitionSchema } from '../../server/segments/grammar.ts'
import { PRESETS } from '../../server/segments/presets.ts'

/** What was shipped under each version. Whoever changes a preset raises its version, and adds a line. */
const SHIPPED = { 'cart_abandoned 2': 'b4bc16c5dcf68e72' }

test('a preset that changes has another version', () => {
  const digest = (content: unknown) => createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16)
  const own = PRESETS.map(({ id, version, name, node }) => [`${id} ${version}`, digest({ name, node })])
  expect(SHIPPED).toMatchObject(Object.fromEntries(own))
})

test.each(PRESETS)('$id is a definition that the API would take', ({ node }) => {
  expect(definitionSchema().parse(node)).toEqual(node)
})
