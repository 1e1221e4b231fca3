/**
 * How long somebody looked at a page: the time in which it was visible and they did something at least every 30 s. The
 * visit itself counts as the first thing that they did.
 */
import { guard, ofDocument } from './guard.ts'

const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'scroll', 'touchmove']
/** Somebody who does nothing for longer has left the page open. */
const IDLE_MS = 30_000

/** Starts the watch. The returned function says how many milliseconds there were since it was last asked. */
export function watchEngagement(): () => number {
  let engagedMs = 0
  let isVisible = false
  let last = 0

  const count = () => {
    const now = performance.now()
    if (isVisible) engagedMs += Math.min(now - last, IDLE_MS)
    last = now
    isVisible = ofDocument('visibilityState') === 'visible'
  }
  count()
  for (const sign of SIGNS) addEventListener(sign, guard(count), true)
  document.addEventListener('visibilitychange', guard(count), true)

  return () => {
    count()
    const ms = Math.round(engagedMs)
    engagedMs = 0
    return ms
  }
}
