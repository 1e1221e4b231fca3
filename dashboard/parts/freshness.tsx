/**
 * "Updated 3 s ago", for sighted users only: it changes every second, which a screen reader would read out without end,
 * so it is no live region.
 */
import { useLayoutEffect, useState } from 'hono/jsx/dom'
import type { Ui } from '../texts/format.ts'

/** The age of the data on screen, or that the latest refresh failed. */
export function Freshness({ ui: { t, f }, at, failing }: { ui: Ui; at: number; failing: boolean }) {
  const [now, setNow] = useState(Date.now())
  useLayoutEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  if (at === 0) return <p class="freshness" />
  const seconds = Math.max(0, Math.floor((now - at) / 1_000))
  return (
    <p class={failing ? 'freshness failing' : 'freshness'} aria-live="off">
      {failing ? t.notRefreshed : t.updated(seconds, f.count)}
    </p>
  )
}
