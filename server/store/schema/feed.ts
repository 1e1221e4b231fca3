/** What readers of the feed were told. It is never made again. */
import type { MatchChange, UnmatchedReason } from '../../domain/match.ts'
import type { Json } from './columns.ts'

export type FeedStateRow = { contact_id: string; digest: string; segments: Json<string[]> }

import type { ContactId } from '../../domain/ids.ts'

export type MatchChangeRow = {
  /** Assigned by the one publisher, without a gap. */
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
