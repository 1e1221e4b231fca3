/**
 * c15t 2. Categories are `measurement`, `functionality`, `experience` and `marketing`. Where no choice is required, or where
 * it is switched off, c15t grants everything by itself, which is nobody's consent: a visitor who chose has a subject id. A
 * stored choice counts once c15t has compared it with the policy that holds now.
 */
import type { Watch } from './source.ts'
import { type Source, watchPlatforms } from './watch.ts'

type State = {
  consents: Record<string, boolean>
  consentInfo: { subjectId?: string } | null
  hasFetchedBanner: boolean
  config: { version: string }
}
type Page = { c15tStore?: { getState: () => State; subscribe: (listener: () => void) => void } }

/** Reads `window.c15tStore`. */
export const c15t: Source = (changed) => {
  const store = (window as Page).c15tStore
  if (!store) return
  let last: unknown
  store.subscribe(() => {
    const { consentInfo } = store.getState()
    if (consentInfo !== last) changed()
    last = consentInfo
  })
  return () => {
    const { consents, consentInfo, hasFetchedBanner, config } = store.getState()
    return (
      hasFetchedBanner &&
      consentInfo?.subjectId && { states: Object.entries(consents), policy: `c15t ${config.version}` }
    )
  }
}

/** Watches it. */
export const watch: Watch = (tell, settings) => watchPlatforms([['c15t', c15t]], tell, settings)
