/**
 * Watches the navigation of a router in browsers that do not report it (`navigation`). The shop's calls of `history` must
 * behave as they do without the tag, in arguments, result and exceptions.
 */
import { guard } from './guard.ts'

/** Calls `moved` after each change of the address. */
export function watchHistory(moved: (change: { navigationType?: string }) => void): void {
  if (window.navigation) return
  for (const call of ['pushState', 'replaceState'] as const) {
    const original = history[call]
    history[call] = function (...args) {
      original.apply(this, args)
      moved({ navigationType: call.replace('State', '') })
    }
  }
  const onMove = guard(() => moved({}))
  addEventListener('popstate', onMove)
  addEventListener('hashchange', onMove)
}
