/**
 * What a segment's id, name and currency must be, wherever definitions come from. These are functions, because the API adds
 * descriptions to schemas, which those that were made before its library was loaded do not have.
 */
import { z } from 'zod'
import { definitionSchema } from './grammar.ts'

const MAX_NAME = 100
const MUST_BE_NAME = `must be a text of 1 to ${MAX_NAME} characters, or {"fr": …, "en": …} of such`
const MUST_BE_ID = 'must be 1 to 64 of a-z 0-9 _ -, a letter first'
const MUST_BE_CURRENCY = 'must be a currency by its ISO 4217 code, such as EUR'

/** The schema of a segment's name: one, or one per language. */
export function segmentName() {
  const text = z
    .string(MUST_BE_NAME)
    .max(MAX_NAME, MUST_BE_NAME)
    .refine((given) => given.trim() !== '', MUST_BE_NAME)
  return z.union([text, z.strictObject({ fr: text, en: text })], MUST_BE_NAME)
}

/** The schema of a segment's id. */
export function segmentId() {
  return z.string(MUST_BE_ID).regex(/^[a-z][a-z0-9_-]{0,63}$/, MUST_BE_ID)
}

/** The schema of the currency of a definition's amounts. */
export function segmentCurrency() {
  return z.string(MUST_BE_CURRENCY).regex(/^[A-Z]{3}$/, MUST_BE_CURRENCY)
}

/** The schema of a definition as a file holds it. */
export function segmentFile() {
  return z.strictObject({
    id: segmentId(),
    name: segmentName(),
    node: definitionSchema(),
    currency: segmentCurrency().nullish(),
  })
}
