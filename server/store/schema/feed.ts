/** What the feed has published. These rows are never recomputed. */
import type { Grade } from '../../domain/grade.ts'
import type { ContactId, PersonId, VisitorId } from '../../domain/ids.ts'
import type { MatchChange, UnmatchedReason } from '../../domain/match.ts'
import type { MembershipChange, MembershipReason } from '../../domain/membership.ts'
import type { Json } from './columns.ts'

export type FeedStateRow = {
  contact_id: string
  digest: string
  segments: Json<string[]>
  /** The grades of the match and of its cart. Both are null in what was published before there were grades. */
  grade: Grade | null
  cart_grade: Grade | null
  /** A fingerprint of its orders and of its cart; null in what was published before there were any. */
  contents: string | null
  /** Which of its visits were told. Null as well. */
  behaviour: string | null
  /** When it was last told. */
  told_at: number | null
  /** When it is looked at again though nothing happens: its visits may be told then, or its cart becomes abandoned. */
  due_at: number | null
}

export type MatchChangeRow = {
  /** Assigned by the publisher, without gaps. */
  seq: number
  contact_id: ContactId
  change: MatchChange
  /** `graded`: nothing but a grade was added to what was published before there were grades. */
  reason: UnmatchedReason | 'graded' | null
  segments: Json<string[]>
  entered: Json<string[]>
  left_segments: Json<string[]>
  /** The grades of the match and of its cart from now on, and those of what was published before. */
  grade: Grade | null
  cart_grade: Grade | null
  earlier_grade: Grade | null
  earlier_cart_grade: Grade | null
  at: number
}

/**
 * An entry or exit that is not in the log yet; `n` orders those of a person. `permission`: nothing but whether a member may
 * be mailed has changed, which is counted and not told. `ended` (n is 0, and the rest means nothing): the visitor or the
 * contact is no more.
 */
export type PendingMembershipRow = {
  person_id: PersonId
  n: number
  segment_id: string
  change: MembershipChange | 'permission' | 'ended'
  reason: MembershipReason
  at: number
  entered_at: number
  /** By how many the members who may be mailed have become more: 1, 0 or -1. */
  mailable: number
}

/** An entry into a segment or an exit from it, as readers are told of it. */
export type SegmentChangeRow = {
  /** Assigned by the publisher. */
  seq: number
  /** Unique for each change, also after a backup was restored. */
  id: string
  segment_id: string
  /** Empty once the visitor or the contact is no more. */
  person_id: PersonId | ''
  /** The visitor of a person that is no contact. */
  visitor: VisitorId | null
  /** The person of an exit with which it ended, encrypted, for as long as readers are told of that. */
  sealed: string | null
  /** Of such an exit: the entry that it ends. Readers that were told of the entry are told of the exit. */
  entry_seq: number | null
  change: MembershipChange
  reason: MembershipReason
  /** When they entered or left: the time of the event or of the edge. */
  at: number
  /** Of an exit: when they had entered. */
  entered_at: number
  published_at: number
}

/**
 * How many entered a segment and left it on a day for a reason, and by how many those who may be mailed became more. `day`
 * is in days since 1970, in the shop's zone, by the clock of the publisher.
 */
export type SegmentSizeRow = {
  segment_id: string
  day: number
  reason: MembershipReason
  entered: number
  exited: number
  mailable: number
}

/** The tables of this family by name. */
export type FeedTables = {
  feed_state: FeedStateRow
  match_changes: MatchChangeRow
  pending_memberships: PendingMembershipRow
  segment_changes: SegmentChangeRow
  segment_sizes: SegmentSizeRow
}
