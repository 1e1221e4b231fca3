/**
 * The pages and their addresses. The address holds all the state needed to reopen a page, and signing in does not
 * change it. Unknown addresses below `/dashboard/` show the overview.
 */
import { useEffect, useMemo, useState } from 'hono/jsx/dom'

/** The pages of the navigation, in order. */
export const PAGES = ['overview', 'carts', 'review', 'import'] as const

/** A page without parameters. */
export type Page = (typeof PAGES)[number] | 'account'

/** A page, with the customer's id for a customer's page. */
export type Route = { page: Page } | { page: 'contact'; id: string }

const PATHS: Record<Page, string> = {
  overview: '/dashboard/',
  carts: '/dashboard/carts',
  review: '/dashboard/review',
  import: '/dashboard/import',
  account: '/dashboard/account',
}
const CONTACT = '/dashboard/contacts/'

/** The address of a route. */
export function addressOf(route: Route): string {
  return route.page === 'contact' ? CONTACT + encodeURIComponent(route.id) : PATHS[route.page]
}

function routeOf(path: string): Route {
  if (path.startsWith(CONTACT)) {
    const id = decoded(path.slice(CONTACT.length).replace(/\/+$/, ''))
    if (id !== '') return { page: 'contact', id }
  }
  const plain = path.replace(/\/+$/, '')
  return { page: [...PAGES, 'account' as const].find((page) => PATHS[page] === plain) ?? 'overview' }
}

/** The decoded text of a path segment; a malformed one stays as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** The page that the address names, and a function that navigates to another one with a history entry. */
export function useRoute(): [Route, (route: Route) => void] {
  const [path, setPath] = useState(location.pathname)
  const route = useMemo(() => routeOf(path), [path])
  useEffect(() => {
    const follow = () => setPath(location.pathname)
    addEventListener('popstate', follow)
    return () => removeEventListener('popstate', follow)
  }, [])
  const go = (next: Route) => {
    const address = addressOf(next)
    if (address === addressOf(route)) return
    history.pushState(null, '', address)
    setPath(location.pathname)
    scrollTo(0, 0)
  }
  return [route, go]
}
