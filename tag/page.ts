/**
 * Page views: one on load, one whenever a router goes to another page (path, query, or a path in the fragment), one when
 * the back button restores a frozen page. An address gets one automatic view; the shop's own `couture('page')` always
 * counts. The shop's calls of `history` must behave as they do without the tag, in arguments, result and exceptions.
 *
 * A view has its own title or none, never that of the page before. Routers set the title after the address, sometimes a
 * second later, or just before it. So a new title belongs to the view on the screen if that has none yet, or once both have
 * stood for `SETTLE_MS`.
 */
import { routeIn } from './address.ts'
import { guard, ofDocument } from './guard.ts'
import type { WireEvent } from './wire.ts'

const SETTLE_MS = 200
/** The collector keeps as much. */
const TITLE_LENGTH = 1000

/** What page views need. `moved` is called after every navigation, before its view is made. */
export type PageDeps = {
  makeEvent: (type: string, props?: object) => WireEvent
  emit: (event: WireEvent) => void
  referrer: string
  moved: () => void
}

/** Watches the page's navigation and makes the first view. */
export function createPage({ makeEvent, emit, referrer, moved }: PageDeps) {
  /** The page, with that of a router in the fragment, and its query. */
  const here = () => {
    const [route, query = ''] = routeIn(location.href).split('?')
    return { page: location.pathname + route, query: location.search + query }
  }
  const titleNow = () => ofDocument('title')
  let shown = here()
  let last: WireEvent
  /** The title as of the last view, or as it has stood since. */
  let settled = titleNow()
  /** The title of the page before. */
  let foreign: string | undefined

  const name = () => {
    settled = titleNow()
    last.title = settled === foreign ? undefined : settled.slice(0, TITLE_LENGTH) || undefined
  }

  const view = (props?: object) => {
    last = makeEvent('page', props)
    last.referrer = referrer || undefined
    name()
    emit(last)
  }

  const onHead = guard(() => {
    if (titleNow() === settled) return
    const event = last
    setTimeout(() => event === last && name(), SETTLE_MS)
  })

  const onMove = guard((replaced: unknown) => {
    moved()
    const { page, query } = shown
    shown = here()
    // A search that writes each letter into the address does not turn the page.
    if (page === shown.page && (query === shown.query || replaced === true)) return
    // A title that came last is this page's, unless the page before has its own.
    if (!last.title) name()
    foreign = settled
    referrer = last.url!
    view()
  })

  for (const call of ['pushState', 'replaceState'] as const) {
    const original = history[call]
    history[call] = function (...args) {
      original.apply(this, args)
      onMove(call === 'replaceState')
    }
  }
  addEventListener('popstate', onMove)
  addEventListener('hashchange', onMove)
  const whole = { __proto__: null, childList: true, subtree: true, characterData: true }
  new MutationObserver(onHead).observe(ofDocument('head'), whole as MutationObserverInit)
  view()

  return { view }
}
