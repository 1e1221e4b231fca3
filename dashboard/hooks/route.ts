/**
 * The pages and their addresses. An address is all the state a page needs to be opened again: signing in on the way
 * does not change it. Unknown addresses below `/dashboard/` are the overview.
 */
import { useEffect, useMemo, useState } from 'hono/jsx/dom'

/** The pages of the navigation, in its order. */
export const PAGES = ['overview', 'carts', 'review', 'import'] as const
export type Page = (typeof PAGES)[number]

/** A page, and for a customer's page whose it is. */
export type Route = { page: Page } | { page: 'contact'; id: string }

const PATHS: Record<Page, string> = {
  overview: '/dashboard/',
  carts: '/dashboard/carts',
  review: '/dashboard/review',
  import: '/dashboard/import',
}
const CONTACT = '/dashboard/contacts/'

/** The address of a place. */
export function addressOf(place: Route): string {
  return place.page === 'contact' ? CONTACT + encodeURIComponent(place.id) : PATHS[place.page]
}

function placeOf(path: string): Route {
  if (path.startsWith(CONTACT)) {
    const id = decoded(path.slice(CONTACT.length).replace(/\/+$/, ''))
    if (id !== '') return { page: 'contact', id }
  }
  const plain = path.replace(/\/+$/, '')
  return { page: PAGES.find((page) => PATHS[page] === plain) ?? 'overview' }
}

/** The text of a part of an address; one that was mistyped stands for itself. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** The page that the address names, and a way to another one that the back button undoes. */
export function usePlace(): [Route, (place: Route) => void] {
  const [path, setPath] = useState(location.pathname)
  const place = useMemo(() => placeOf(path), [path])
  useEffect(() => {
    const follow = () => setPath(location.pathname)
    addEventListener('popstate', follow)
    return () => removeEventListener('popstate', follow)
  }, [])
  const go = (next: Route) => {
    const address = addressOf(next)
    if (address === addressOf(place)) return
    history.pushState(null, '', address)
    setPath(location.pathname)
    scrollTo(0, 0)
  }
  return [place, go]
}
