/**
 * What a reader of the feed is told of a contact. A reading may hold many changes of it; told is the difference between
 * what was before the first and what is after the last.
 */
import { type Grade, reaches } from '../domain/grade.ts'
import type { MatchChange, UnmatchedReason } from '../domain/match.ts'
import type { ContactChange } from '../store/feed.ts'
import { decodeJson, type Json } from '../store/schema/columns.ts'
import type { MatchChangeRow } from '../store/schema/feed.ts'

/**
 * What a reader asked for. `floor`: matches of this grade or better. In a segment about carts (`aboutCarts`) the cart must
 * reach it too.
 */
export type Filter = { segment: string | undefined; floor: Grade | null; aboutCarts: boolean }

/** A change as a reader is told of it. */
export type Told = { change: MatchChange; reason: UnmatchedReason | null }

/**
 * The change to tell; null if there is none for this reader. `between` holds the contact's changes in this reading, or
 * those with which it may have left, if it is in the reader's feed neither before nor after.
 */
export function changeFor({ first, last, between }: ContactChange, filter: Filter): Told | null {
  // Of an erased contact nothing is left to compare with. Its last change names the segments it was ever told in.
  if (last.change === 'erased') {
    const isTold = filter.segment === undefined || has(last.left_segments, filter.segment)
    return isTold ? { change: 'erased', reason: null } : null
  }
  // That it got a grade is news only for readers with a floor.
  if (last.seq === first.seq && last.reason === 'graded' && filter.floor === null) return null
  const wasIn = wasBefore(first, filter)
  if (isAfter(last, filter)) return { change: wasIn ? 'updated' : 'matched', reason: null }
  const hasLeft = wasIn || between.some((row) => wasBefore(row, filter))
  return hasLeft ? { change: 'unmatched', reason: whyUnmatched(last, filter) } : null
}

function has(column: Json<string[]>, segment: string): boolean {
  return decodeJson(column).includes(segment)
}

/** Whether the contact was in the reader's feed before a change. */
function wasBefore(row: MatchChangeRow, filter: Filter): boolean {
  const { segment } = filter
  if (row.change === 'matched') return false
  const wasMember =
    segment === undefined ||
    (has(row.segments, segment) && !has(row.entered, segment)) ||
    has(row.left_segments, segment)
  return wasMember && isAbove(row.earlier_grade, row.earlier_cart_grade, filter)
}

/** Whether it is in the reader's feed after a change. */
function isAfter(row: MatchChangeRow, filter: Filter): boolean {
  const isMember = filter.segment === undefined || has(row.segments, filter.segment)
  return row.change !== 'unmatched' && isMember && isAbove(row.grade, row.cart_grade, filter)
}

function isAbove(match: Grade | null, cart: Grade | null, { floor, aboutCarts }: Filter): boolean {
  return floor === null || (reaches(match, floor) && (!aboutCarts || reaches(cart, floor)))
}

function whyUnmatched(row: MatchChangeRow, { segment }: Filter): UnmatchedReason | null {
  if (row.change === 'unmatched') return row.reason === 'graded' ? null : row.reason
  return segment === undefined || has(row.segments, segment) ? 'below_grade' : 'left_segment'
}
