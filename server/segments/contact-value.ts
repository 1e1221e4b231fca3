/** Conditions on attributes of contacts as they are written: in JSON and in words. */
import { z } from 'zod'
import { durationSchema, durationWords } from './duration.ts'
import type { WordContext } from './nodes/node.ts'
import { enumerated } from './phrases.ts'
import { OPERATORS, operatorsOf, quoted, type Test, testWords } from './test-value.ts'

/** The schema of a condition on an attribute. */
export const contactSchema = z
  .strictObject({
    attribute: z.string().min(1, 'must name an attribute').max(200),
    ...OPERATORS,
    anniversary_within: durationSchema.optional(),
  })
  .refine(
    (value) => Object.keys(value).length > 1,
    'must say what the attribute must be: an operator such as is or gte, or anniversary_within',
  )

/** A condition on an attribute. */
export type ContactValue = z.infer<typeof contactSchema>

/** The test of the attribute's value; null if only its anniversary is asked for. */
export function testOf({ attribute: _, anniversary_within: __, ...test }: ContactValue): Test | null {
  return Object.keys(test).length === 0 ? null : test
}

/** A condition on an attribute in words. */
export function contactWords(value: ContactValue, { language }: WordContext): string {
  const fr = language === 'fr'
  const name = quoted(value.attribute, language)
  const said: string[] = []
  const test = testOf(value)
  if (test !== null) {
    const { exists, ...others } = operatorsOf(test)
    if (exists === true) said.push(fr ? `ont un attribut ${name}` : `have an attribute ${name}`)
    if (exists === false) said.push(fr ? `n’ont pas d’attribut ${name}` : `have no attribute ${name}`)
    if (Object.keys(others).length > 0) {
      const words = testWords(others, language)
      said.push(fr ? `ont un attribut ${name} qui ${words}` : `have an attribute ${name} that ${words}`)
    }
  }
  if (value.anniversary_within !== undefined) {
    const time = durationWords(value.anniversary_within, language)
    said.push(fr ? `fêtent l’anniversaire ${name} dans les ${time}` : `have the anniversary ${name} within ${time}`)
  }
  return enumerated(said, language)
}
