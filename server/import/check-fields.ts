/** The fields that contacts and orders have in common, as they are checked. */
import { z } from 'zod'
import { isExactNumber } from '../domain/commerce/fields.ts'
import { cleanEmail, isBlockedIdentifier, looksLikeEmail } from '../domain/identifier.ts'

/** A time in ISO 8601 with its offset from UTC. */
export const timeSchema = z.iso.datetime({
  offset: true,
  error: 'must be an ISO 8601 time such as 2026-03-01T09:30:00Z',
})

/** A mail address with a little room for what is taken out of it. */
const MAX_EMAIL = 400

/** A mail address, without invisible marks and the space around it; null or absent where there is none. */
export const emailSchema = z
  .string()
  // Longer texts are no addresses, and are not cleaned.
  .transform((email) => (email.length > MAX_EMAIL ? email : cleanEmail(email)))
  .refine((email) => looksLikeEmail(email) && !isBlockedIdentifier(email), 'must be a mail address')
  .nullable()
  .optional()

/**
 * An id, as a text or a number. A number whose digits JSON could not keep is refused: it would make one of two ids.
 * `what` it is the id of.
 */
export const idSchema = (what: string) =>
  z
    .union(
      [
        z.string(),
        z
          .number()
          .refine(isExactNumber, 'must be a text, because a number of this size does not keep its digits')
          .transform(String),
      ],
      `must be the id of one ${what}, as a text or a number`,
    )
    .transform((id) => id.trim())
