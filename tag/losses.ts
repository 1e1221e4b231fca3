/**
 * Counts the events that were given up. Nothing the tag drops may vanish silently: each kind is said once in the
 * console, and the counts stand in `couture.lost` for whoever looks. What consent forbids is not a loss.
 */

/**
 * `rejected` by the collector one by one, `refused` with the whole request, two kinds that never fitted, and addresses
 * that the page could not hash.
 */
export type LossKind = 'rejected' | 'refused' | 'too_large' | 'overflow' | 'unhashed'

/** Adds to a count; `why` is for people. */
export type Lose = (kind: LossKind, count: number, why: unknown) => void

/** The counts, and the function that adds to them. */
export function createLosses(): { lost: Record<string, number>; lose: Lose } {
  const lost: Record<string, number> = {}
  return {
    lost,
    lose(kind, count, why) {
      if (!lost[kind]) console.warn(`couture: lost ${count} (${kind})`, why)
      lost[kind] = (lost[kind] || 0) + count
    },
  }
}
