/** Windows of orders as people write them: `24m`, `730d`, `2y`, a number of months, or `all`. */
import { monthsInDays } from './parameters.ts'

/** What a window must be. */
export const MUST_BE_WINDOW = 'must be a window such as 24m (months), 730d, 104w, 2y, or all'

const PATTERN = /^(\d{1,5}) ?(d|days?|w|weeks?|m|mo|months?|y|years?)?$/

/** The days of a window, null for all of time. Undefined if it is none. */
export function readWindow(text: string): number | null | undefined {
  if (text === 'all') return null
  const [, digits, unit = 'm'] = PATTERN.exec(text.slice(0, 20)) ?? []
  const count = Number(digits)
  if (digits === undefined || count === 0) return undefined
  if (unit.startsWith('d')) return count
  if (unit.startsWith('w')) return count * 7
  return monthsInDays(unit.startsWith('y') ? count * 12 : count)
}

/** A window in months where it is whole months, else in days. */
export function windowText(days: number | null): string {
  if (days === null) return 'all'
  const months = Math.round((days * 12) / 365)
  return monthsInDays(months) === days && months > 0 && days >= 28 ? `${months}m` : `${days}d`
}
