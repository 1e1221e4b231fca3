/** The names of segments, and the reasons for membership. */

/** A segment's name: one text, or one per dashboard language. */
export type SegmentName = string | { fr: string; en: string }

/** The name for places that hold a single text, such as the feed. */
export function oneName(name: SegmentName): string {
  return typeof name === 'string' ? name : name.en
}

/**
 * Why a person became a member or left: one of its visitors did something, time passed, a visitor was linked to it, the CRM reported
 * a change, the segment was added or changed, or everything derived was rebuilt.
 */
export const MEMBERSHIP_REASONS = ['event', 'time', 'link', 'import', 'definition', 'rebuild'] as const
export type MembershipReason = (typeof MEMBERSHIP_REASONS)[number]

/** What happens to a membership. */
export const MEMBERSHIP_CHANGES = ['entered', 'left'] as const
export type MembershipChange = (typeof MEMBERSHIP_CHANGES)[number]
