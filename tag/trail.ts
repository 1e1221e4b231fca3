/**
 * Notices pages that were left before they stated the consent that stood, as with a banner that loads late: their events
 * are gone. Such a page may store nothing, not even a count. So each page with consent notes its address for this tab, and
 * the first view of the next one compares it with the page that the visitor really came from.
 */
import { ofDocument } from './guard.ts'
import type { Lose } from './losses.ts'
import type { TagStorage } from './storage.ts'

/** `storage` is the tab's own. Only call `note` under consent. */
export function createTrail({ storage, lose }: { storage: TagStorage; lose: Lose }) {
  let isNoted = false

  const place = (url: string) => url.split(/[?#]/)[0]!

  return {
    /** A view of this page. */
    note(): void {
      const before = storage.get<string>('trail')
      const from = place(ofDocument('referrer'))
      // Reloads and the back button keep the referrer of the first time; a shop may send no more than its origin.
      const [entry] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
      const isOwn = from.startsWith(`${location.origin}/`) && from !== `${location.origin}/`
      if (!isNoted && before && isOwn && from !== before && entry?.type === 'navigate') {
        lose('unstated', 1, `${from} was left before 'consent' was called, or is without the tag`)
      }
      isNoted = true
      storage.set('trail', place(location.href))
    },
    /** Consent ended. */
    forget(): void {
      if (isNoted) storage.remove('trail')
    },
  }
}
