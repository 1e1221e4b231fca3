/** What the feed has published. These rows are never recomputed. */
import type { ContactId } from '../../domain/ids.ts'
import type { MatchChange, UnmatchedReason } from '../../domain/match.ts'
import type { Json } from './columns.ts'

export type FeedStateRow = { contact_id: string; digest: string; segments: Json<string[]> }

export type MatchChangeRow = {
  /** Assigned by the publisher, without gaps. */
  seq: number
  contact_id: ContactId
  change: MatchChange
  reason: UnmatchedReason | null
  segments: Json<string[]>
  entered: Json<string[]>
  left_segments: Json<string[]>
  at: number
}

/** The tables of this family by name. */
export type FeedTables = {
  feed_state: FeedStateRow
  match_changes: MatchChangeRow
}
