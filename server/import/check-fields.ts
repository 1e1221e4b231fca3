/** The fields that contacts and orders have in common, as they are checked. */
import { z } from 'zod'
import { isBlockedIdentifier, looksLikeEmail } from '../domain/identifier.ts'

/** A time in ISO 8601 with its offset from UTC. */
export const timeSchema = z.iso.datetime({
  offset: true,
  error: 'must be an ISO 8601 time such as 2026-03-01T09:30:00Z',
})

/** A mail address, without the space around it; null or absent where there is none. */
export const emailSchema = z
  .string()
  .trim()
  .refine((email) => looksLikeEmail(email) && !isBlockedIdentifier(email), 'must be a mail address')
  .nullable()
  .optional()
