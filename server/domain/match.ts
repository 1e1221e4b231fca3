/** What the feed says of a contact's match. */

/** What happened to a match since its reader last heard of it. */
export const MATCH_CHANGES = ['matched', 'updated', 'unmatched', 'erased'] as const

/** What happened to a match. */
export type MatchChange = (typeof MATCH_CHANGES)[number]

/**
 * Why a contact is no match any more: it has no link that stands, or the CRM merged it into another. Readers of one
 * segment are also told that it left the segment, and those with a `min_grade` that it fell below that.
 */
export const UNMATCHED_REASONS = ['no_link', 'merged', 'left_segment', 'below_grade'] as const

/** Why a contact is no match any more. */
export type UnmatchedReason = (typeof UNMATCHED_REASONS)[number]

/**
 * How sure the feed is of a contact. `typed` is no match: the cart carries the contact's address, as somebody typed it
 * into a form.
 */
export const MATCH_STRENGTHS = ['verified', 'confirmed', 'typed'] as const

/** How sure the feed is of a contact. */
export type MatchStrength = (typeof MATCH_STRENGTHS)[number]
