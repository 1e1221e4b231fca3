/** What shops sent and nobody could read, counted by day and without visitors, and how much of it came without consent. */
import type { Door, QualityProblem } from '../../domain/quality.ts'

/**
 * The problems of one kind on one day (of UTC, by receipt). `example` is a short excerpt of the last one, without what names
 * a person; `example_of` is the keyed hash of the visitor that sent it.
 */
export type QualityCountRow = {
  site_id: string
  day: number
  event: string
  door: Door
  problem: QualityProblem
  count: number
  first_at: number
  last_at: number
  example: string | null
  example_at: number | null
  example_of: string | null
}

/** The events of five minutes from `slot` on, and those of them without consent to analytics. Kept for two days. */
export type ArrivalRow = { site_id: string; slot: number; door: Door; events: number; without_consent: number }

/** The tables of this family by name. */
export type QualityTables = {
  quality_counts: QualityCountRow
  arrivals: ArrivalRow
}
