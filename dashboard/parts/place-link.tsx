/** A link to another page of the dashboard: a real one, which a plain click follows without loading everything anew. */
import type { Child } from 'hono/jsx/dom'
import { addressOf, type Route } from '../hooks/route.ts'

type Props = {
  to: Route
  onGo: (place: Route) => void
  class?: string
  testid?: string
  /** The page that is open now, in a navigation. */
  current?: boolean
  children?: Child
}

/** The link. */
export function PlaceLink({ to, onGo, class: className, testid, current, children }: Props) {
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

/** Whether a click means "here": not a new tab, a new window or a download. */
function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
}
