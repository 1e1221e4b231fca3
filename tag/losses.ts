/**
 * Counts lost events. Nothing that the tag drops may vanish silently: the console warns once per kind, and
 * `couture.lost` holds the counts. What consent forbids is not a loss.
 */
import { warn } from './guard.ts'

/**
 * `rejected`: refused by the collector one by one. `refused`: refused with the whole request. `too_large`, `overflow`:
 * did not fit. `cut`: events of which only the end of long texts and lists is lost. `unhashed`: addresses that the page could
 * not hash. `unstated`: pages of this tab that were left before they stated the consent that stood.
 */
export type LossKind = 'rejected' | 'refused' | 'too_large' | 'overflow' | 'cut' | 'unhashed' | 'unstated'

/** Adds to a count; `why` is shown in the console. */
export type Lose = (kind: LossKind, count: number, why: unknown) => void

/** Creates the function that adds to the counts. */
export function createLosses(lost: Record<string, number>): Lose {
  return (kind, count, why) => {
    if (!lost[kind]) warn(`lost ${count} (${kind})`, why)
    lost[kind] = (lost[kind] || 0) + count
  }
}
