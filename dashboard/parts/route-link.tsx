/** A link to another page of the dashboard: a real link, which a plain click follows without reloading the page. */
import type { Child } from 'hono/jsx/dom'
import { addressOf, type Route } from '../hooks/route.ts'

type Props = {
  to: Route
  onGo: (route: Route) => void
  class?: string
  testid?: string
  /** The page that is open now, in a navigation. */
  current?: boolean
  children?: Child
}

/** The link. */
export function RouteLink({ to, onGo, class: className, testid, current, children }: Props) {
  return (
    <a
      href={addressOf(to)}
      class={className}
      data-testid={testid}
      aria-current={current ? 'page' : undefined}
      onClick={(event: MouseEvent) => {
        if (!isPlainClick(event)) return
        event.preventDefault()
        onGo(to)
      }}
    >
      {children}
    </a>
  )
}

/** Whether a click navigates here: no new tab, new window or download. */
function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
}
