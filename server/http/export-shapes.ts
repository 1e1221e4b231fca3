/** The rows of the lists that can be exported as files: matches, members, and their entries and exits. */
import { z } from '@hono/zod-openapi'
import { MATCH_CHANGES, UNMATCHED_REASONS } from '../domain/match.ts'
import { MEMBERSHIP_CHANGES, MEMBERSHIP_REASONS } from '../domain/membership.ts'
import {
  cartSchema,
  evidenceSchema,
  gradeSchema,
  matchStrengthSchema,
  membershipSchema,
  whyNotMailable,
} from './shapes.ts'

/** A match as an email tool reads it. Without `mailable` it holds nothing about the contact's behaviour. */
export const matchSchema = z
  .object({
    seq: z.number(),
    change: z.enum(MATCH_CHANGES),
    reason: z.enum(UNMATCHED_REASONS).optional(),
    contact: z.object({ id: z.string(), email: z.string().optional(), email_sha256: z.string().optional() }),
    strength: matchStrengthSchema.optional(),
    evidence: z.array(evidenceSchema).optional(),
    grade: gradeSchema.nullable().optional(),
    matched_at: z.string().optional(),
    last_seen_at: z.string().optional(),
    visitors: z.number().optional(),
    mailable: z.boolean(),
    why_not_mailable: whyNotMailable.optional(),
    segments: z.array(membershipSchema).nullable(),
    cart: cartSchema.nullable(),
    interests: z.array(z.object({ item_id: z.string(), views: z.number(), last_at: z.string() })).nullable(),
    purchased: z.array(z.string()).nullable(),
  })
  .openapi('Match')

const personSchema = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('contact'), id: z.string() }),
    z.object({ kind: z.literal('visitor'), id: z.string(), epoch: z.number().int() }),
  ])
  .openapi('Person', {
    description:
      'A contact, or a visitor that is linked to none. A logout starts the next `epoch` of a visitor, which is another ' +
      'person.',
  })

/** A member of a segment. */
export const memberSchema = z
  .object({
    person: personSchema,
    contact: z.object({ id: z.string(), name: z.string().nullable(), email: z.string().nullable() }).nullable(),
    entered_at: z.string(),
    reason: z.enum(MEMBERSHIP_REASONS).openapi({ description: 'Why they entered then.' }),
    mailable: z.boolean(),
    why_not_mailable: whyNotMailable.optional(),
    strength: matchStrengthSchema.nullable(),
    evidence: z.array(evidenceSchema),
    grade: gradeSchema.nullable(),
    matched_at: z.string().nullable(),
    cart: cartSchema.optional(),
  })
  .openapi('Member')

/** An entry into a segment or an exit from it, with the person as a member is shown. */
export const memberChangeSchema = z
  .object({
    seq: z.number().openapi({ description: 'The place in the log; there are gaps.' }),
    id: z.string().openapi({ description: 'Unique for each change.' }),
    change: z.enum(MEMBERSHIP_CHANGES),
    at: z.string().openapi({ description: 'When they entered or left: the time of the event or of the edge.' }),
  })
  .extend({
    ...memberSchema.shape,
    entered_at: z.string().openapi({ description: 'When they entered; of an exit, when they had entered.' }),
    reason: z.enum(MEMBERSHIP_REASONS).openapi({ description: 'Why they entered or left.' }),
  })
  .openapi('MemberChange')
