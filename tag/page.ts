/**
 * Page views: one on load, one whenever a router changes the path or query, one when the back button restores a frozen
 * page. An address gets one automatic view; the shop's own `couture('page')` always counts. The shop's calls of
 * `history` must behave as they do without the tag, in arguments, result and exceptions.
 */
import { guard } from './guard.ts'
import type { WireEvent } from './wire.ts'

/** Routers set the title after the address, so it is read a moment later, before the queue flushes (500 ms). */
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
    // The old page's title is still set; a view that is sent before the new title arrives has none.
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
