/**
 * Page views: one on load, one whenever a router goes to another page (path, query, or a path in the fragment). An address
 * gets one automatic view; the shop's own `couture('page')` always counts. The shop's calls of `history` must behave as they
 * do without the tag, in arguments, result and exceptions.
 */
import { pageUrl } from './address.ts'
import type { MakeEvent } from './draft.ts'
import { guard, ofDocument } from './guard.ts'
import type { Held } from './seam.ts'

/** An address without its query, and without that of a router in the fragment. */
const pathOf = (url: string) => url.replace(/\?[^#]*/g, '')

/** Watches the page's navigation and makes the first view. The returned function makes further ones. `moved` comes first. */
export function watchViews(makeEvent: MakeEvent, put: (held: Held) => void, moved: () => void) {
  const here = () => pageUrl(location.href)
  let shown = here()
  let viewed = ofDocument('referrer')
  let referrer: string

  const view = (props?: object, turned?: boolean) => {
    const event = makeEvent('page', props)
    event.referrer = referrer || undefined
    put({ event, title: ofDocument('title'), turned })
    viewed = event.url!
  }
  const turn = (turned?: boolean) => {
    referrer = viewed
    view(undefined, turned)
  }

  const onMove = guard((change: { navigationType?: string | null }) => {
    moved()
    const before = shown
    shown = here()
    // A search that writes each letter into the address does not turn the page.
    if (pathOf(before) !== pathOf(shown) || (before !== shown && change.navigationType !== 'replace')) turn(true)
  })

  // Browsers without it have the calls of `history` watched after the grant (history.ts).
  window.navigation?.addEventListener('currententrychange', onMove as (event: Event) => void)
  turn()

  return { view, onMove }
}
