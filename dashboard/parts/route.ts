/**
 * The pages and their addresses. An address is all the state a page needs to be opened again: signing in on the way
 * does not change it. Unknown addresses below `/dashboard/` are the overview.
 */
import { useEffect, useState } from 'hono/jsx/dom'

/** The pages there are. */
export type Place = 'overview' | 'carts'

/** The address of each page. */
export const PATHS: Record<Place, string> = { overview: '/dashboard/', carts: '/dashboard/carts' }

function placeOf(path: string): Place {
  return path.replace(/\/+$/, '') === PATHS.carts ? 'carts' : 'overview'
}

/** The page that the address names, and a way to another one that the back button undoes. */
export function usePlace(): [Place, (place: Place) => void] {
  const [place, setPlace] = useState<Place>(() => placeOf(location.pathname))
  useEffect(() => {
    const follow = () => setPlace(placeOf(location.pathname))
    addEventListener('popstate', follow)
    return () => removeEventListener('popstate', follow)
  }, [])
  const go = (next: Place) => {
    if (next === place) return
    history.pushState(null, '', PATHS[next])
    setPlace(next)
    scrollTo(0, 0)
  }
  return [place, go]
}

/** Whether a click on a link means "here": not a new tab, a new window or a download. */
export function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
}
