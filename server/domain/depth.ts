/**
 * How deep a value from outside may be nested. Code that walks such a value recursively checks it here first,
 * because a few kilobytes of JSON can be nested deep enough to exhaust the stack.
 */

/** The deepest nesting of an event or a row. Genuine ones are far below it. */
export const MAX_LEVELS = 32

/** Whether a value parsed from JSON is nested too deep. */
export function isTooDeep(value: unknown, levels = MAX_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels < 0) return true
  if (Array.isArray(value)) return value.some((each) => isTooDeep(each, levels - 1))
  // Every value of every event passes here: `Object.values` would take three times as long.
  for (const name of Object.keys(value)) {
    const each = (value as Record<string, unknown>)[name]
    if (typeof each === 'object' && isTooDeep(each, levels - 1)) return true
  }
  return false
}
