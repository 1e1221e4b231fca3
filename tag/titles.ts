/**
 * The titles of page views. A view has its own title or none, never that of the page before. Routers set the title after
 * the address, sometimes a second later, or just before it. So a new title belongs to the view on the screen if that has
 * none yet, or once both have stood for `SETTLE_MS`.
 */
import { guard, ofDocument } from './guard.ts'
import type { WireEvent } from './wire.ts'

const SETTLE_MS = 200
/** The collector keeps as much. */
const TITLE_LENGTH = 1000

/** Watches the document's title. The returned function names a view: `now` is the title when it was made. */
export function watchTitles(): (view: WireEvent, now: string, turned: unknown) => void {
  let last: WireEvent | undefined
  /** The title as of the last view, or as it has stood since. */
  let settled: string | undefined
  /** The title of the page before. */
  let foreign: string | undefined

  const name = (title: string) => {
    settled = title
    last!.title = title === foreign ? undefined : title.slice(0, TITLE_LENGTH) || undefined
  }

  const onHead = guard(() => {
    if (ofDocument('title') === settled) return
    const view = last
    setTimeout(() => view && view === last && name(ofDocument('title')), SETTLE_MS)
  })
  const whole = { __proto__: null, childList: true, subtree: true, characterData: true }
  new MutationObserver(onHead).observe(ofDocument('head'), whole as MutationObserverInit)
  // What was held was named by the titles of its time.
  setTimeout(onHead)

  return (view, now, turned) => {
    if (turned && last) {
      // A title that came last is this page's, unless the page before has its own.
      if (!last.title) name(now)
      foreign = settled
    }
    last = view
    name(now)
  }
}
