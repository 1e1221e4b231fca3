/**
 * The checks of `schema.ts`, compiled when the collector's thread starts: a compiled check takes a sixth of the time for
 * valid values and makes no copy. No other thread compiles them.
 */
import { Ajv } from 'ajv'
import { z } from 'zod'
import { envelopeSchema, eventSchema, isVisitorId } from './schema.ts'

/**
 * Times are checked by the schema's pattern. The schemas are our own, so they are not validated first, which would take
 * longer than compiling them.
 */
const options = { strict: false, validateFormats: false, validateSchema: false, meta: false, logger: false } as const

/**
 * Counting the characters of each text would take half of a check. No text has more characters than UTF-16 units, which
 * are counted already, so characters are counted only if there are too many units.
 */
const byUnits = new Ajv({ ...options, unicode: false })
const byCharacters = new Ajv(options)

function compile<T>(schema: z.ZodType<T>) {
  const described = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any' })
  const [passesByUnits, passes] = [byUnits.compile(described), byCharacters.compile(described)]
  return {
    passes: (value: unknown): value is T => passesByUnits(value) || passes(value),
    passesByUnits: (value: unknown): value is T => passesByUnits(value),
  }
}

const envelopeCheck = compile(envelopeSchema)
const eventCheck = compile(eventSchema)

/** Whether a value passes `eventSchema`. The schema gives the reason if it does not. */
export const isEvent = eventCheck.passes

/** Whether a value passes it with each text within its limit in UTF-16 units, so that `tolerateEvent` would not change it. */
export const isPlainEvent = eventCheck.passesByUnits

/** Whether a value passes `envelopeSchema`. The schema gives the reason if it does not. */
export function isEnvelope(value: unknown): value is z.infer<typeof envelopeSchema> {
  return envelopeCheck.passes(value) && (value.visitor === undefined || isVisitorId(value.visitor))
}
