/** The compiled checks of the public endpoint agree with the schemas they are compiled from. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EXAMPLE_BATCH, envelopeSchema, eventSchema } from '../../server/collect/schema.ts'
import { isEnvelope, isEvent } from '../../server/collect/wire-check.ts'

/** Values that somebody may send in place of others. */
const odd = fc.oneof(
  fc.constantFrom(undefined, null, '', 'null', 'a@b.example', '2026-02-30T00:00:00Z', '2026-03-01', 'x'.repeat(65)),
  fc.constantFrom(-1, 1.5, true, [], {}, [1], '😀'.repeat(600), 'x'.repeat(4096), 'x'.repeat(4097), 'manual', 'tcf'),
  fc.string(),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
)

/** A value with one of its members, at any depth, replaced, removed or added. */
function spoilt(value: object): fc.Arbitrary<unknown> {
  const paths: string[][] = []
  const walk = (inner: unknown, path: string[]) => {
    if (path.length > 0) paths.push(path)
    if (typeof inner !== 'object' || inner === null) return
    for (const [name, each] of Object.entries(inner)) walk(each, [...path, name])
    if (!Array.isArray(inner)) paths.push([...path, 'another'])
  }
  walk(value, [])
  return fc.tuple(fc.constantFrom(...paths), odd).map(([path, replacement]) => {
    const copy = structuredClone(value)
    const holder = path.slice(0, -1).reduce((inner: any, name) => inner[name], copy)
    holder[path.at(-1)!] = replacement
    return JSON.parse(JSON.stringify(copy)) as unknown
  })
}

const event = { ...EXAMPLE_BATCH.events[0]!, referrer: 'https://other.example/', title: 'A bracelet' }
const envelope = { ...EXAMPLE_BATCH, candidate: 'Vk3aT9bQ2mXw7LdP5sRz1c', sent_at: '2026-03-01T09:31:00+01:00' }

const cases: [string, object, (value: unknown) => boolean, (value: unknown) => boolean][] = [
  ['an event', event, isEvent, (value) => eventSchema.safeParse(value).success],
  ['an envelope', envelope, isEnvelope, (value) => envelopeSchema.safeParse(value).success],
]

test.each(cases)('%s: valid and invalid in every way', (_, good, compiled, schema) => {
  expect([compiled(good), schema(good)]).toEqual([true, true])
  const outcomes = new Set<boolean>()
  fc.assert(
    fc.property(spoilt(good), (value) => {
      outcomes.add(schema(value))
      expect(compiled(value), JSON.stringify(value)).toBe(schema(value))
    }),
    { numRuns: 3000 },
  )
  expect(outcomes, 'some of them are good, some are not').toEqual(new Set([true, false]))
})

test('no check accepts a placeholder as a visitor', () => {
  const values = ['null', '0000', 'undefined', 'visitor'].map((visitor) => ({ ...envelope, visitor }))
  expect(values.map((value) => isEnvelope(value))).toEqual([false, false, false, false])
})
