/** The scores of a contact, as its view and its export show them. */
import { z } from '@hono/zod-openapi'
import { RFM_GROUPS } from '../domain/scores/rfm-groups.ts'
import type { ContactScores } from '../store/contact-scores.ts'
import { dayText } from './days.ts'
import { isoOrNull } from './shapes.ts'

/** A contact's scores. */
export const scoresSchema = z
  .object({
    rfm: z
      .object({
        ...{
          r: z.number(),
          f: z.number(),
          m: z.number().nullable(),
          group: z.enum(RFM_GROUPS as [string, ...string[]]),
        },
        ...{ version: z.number(), as_of: z.string(), since: z.string().nullable() },
      })
      .nullable()
      .openapi({ description: 'Null without an order in the window, or before there is a version.' }),
    alive: z.number().nullable().openapi({ description: 'The probability that they still are a customer.' }),
    expected_orders_90d: z.number().nullable(),
    fit: z
      .object({ version: z.number(), why_no_fit: z.string().optional() })
      .nullable()
      .openapi({ description: 'The version of the fit, or why there is none. Null before there is a version.' }),
  })
  .openapi('Scores')

/** Renders a contact's scores. */
export function renderScores({ scores, lack }: ContactScores): z.infer<typeof scoresSchema> {
  const { rfm, alive, expected, since, version, day } = scores
  if (version === null || day === null) return { rfm: null, alive: null, expected_orders_90d: null, fit: null }
  return {
    rfm: rfm && { ...rfm, version: version.version, as_of: dayText(day), since: isoOrNull(since) },
    ...{ alive, expected_orders_90d: expected },
    fit: { version: version.version, ...(lack === null ? {} : { why_no_fit: lack }) },
  }
}
