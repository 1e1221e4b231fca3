/** What readers of the feed were told. It is never made again. */

export type FeedStateRow = { contact_id: string; digest: string; segments: string }

export type MatchChangeRow = {
  /** Assigned by the one publisher, without a gap. */
  seq: number
  contact_id: string
  change: string
  reason: string | null
  segments: string
  entered: string
  left_segments: string
  at: number
}

/** The tables of this family by name. */
export type FeedTables = {
  feed_state: FeedStateRow
  match_changes: MatchChangeRow
}
