/** What the feed has published. These rows are never recomputed. */
import type { Grade } from '../../domain/grade.ts'
import type { ContactId } from '../../domain/ids.ts'
import type { MatchChange, UnmatchedReason } from '../../domain/match.ts'
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

/** The tables of this family by name. */
export type FeedTables = {
  feed_state: FeedStateRow
  match_changes: MatchChangeRow
}
