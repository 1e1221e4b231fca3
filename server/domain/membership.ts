/** Segments as the outside names them, and why somebody is a member of one. */

/** A segment's name: one text, or one for each language of the dashboard. */
export type SegmentName = string | { fr: string; en: string }

/** The name where only one text has room: the feed's, for instance. */
export function oneName(name: SegmentName): string {
  return typeof name === 'string' ? name : name.en
}

/**
 * Why a person became a member: something happened on one of its visitors, time passed, a visitor was linked to it, the
 * CRM told something, the segment was defined anew, or everything derived was made again.
 */
export const MEMBERSHIP_REASONS = ['event', 'time', 'link', 'import', 'definition', 'rebuild'] as const
export type MembershipReason = (typeof MEMBERSHIP_REASONS)[number]
