/** How far each journal has been landed, and the entries that could not be landed. */
import type { VisitorId } from '../../domain/ids.ts'

export type CursorRow = { journal_id: string; position: number; opening: string }

export type DeadLetterRow = {
  journal_id: string
  entry_id: number
  part: number
  error: string
  body: string
  at: number
  visitor_id: VisitorId | null
  attempts: number
}

/** The tables of this family by name. */
export type LandingTables = {
  cursors: CursorRow
  dead_letters: DeadLetterRow
}
