/**
 * Page views: one on load, one for every change of path or query that a router makes, one when the back button brings
 * a frozen page back. The automatic view of an address is made once; the shop's own `couture('page')` always counts.
 * The shop's calls of `history` must behave as without the tag: arguments, result and exceptions are theirs.
 */
import { guard } from './guard.ts'
import type { WireEvent } from './wire.ts'

/** Routers set the title after the address, so it is read a moment later, before the queue's flush (500 ms). */
const TITLE_MS = 300

/** What page views need. `moved` is called after every navigation, before its view is made. */
export type PageDeps = {
  makeEvent: (type: string, props?: object) => WireEvent
  emit: (event: WireEvent) => void
  referrer: string
  moved: () => void
}

/** Watches the page's navigation and makes the first view. */
export function createPage({ makeEvent, emit, referrer, moved }: PageDeps) {
  const here = () => location.pathname + location.search
  let shown = here()
  let shownUrl: string | undefined

  const view = (props?: object, title: string | undefined = document.title) => {
    const event = makeEvent('page', props)
    event.title = title || undefined
    event.referrer = referrer || undefined
    shownUrl = event.url
    emit(event)
    const place = shown
    if (!title) {
      setTimeout(() => {
        if (shown === place) event.title = document.title
      }, TITLE_MS)
    }
  }

  const onMove = guard(() => {
    moved()
    const place = here()
    if (place === shown) return
    shown = place
    referrer = shownUrl || ''
    // The old page's title still stands; a view that is sent before the new one is there goes without.
    view(undefined, '')
  })

  for (const name of ['pushState', 'replaceState'] as const) {
    const original = history[name]
    history[name] = function (...args) {
      original.apply(this, args)
      onMove()
    }
  }
  addEventListener('popstate', onMove)
  addEventListener('hashchange', onMove)
  view()

  return { view }
}
