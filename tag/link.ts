/**
 * A mail link as evidence. The token becomes a claim only after a person interacted: mail gateways open every link and
 * run its scripts, so a page load proves nothing. The token is kept in memory, is claimed once, and is gone with the
 * page if the visitor does not consent.
 *
 * The gestures are those a script cannot fake: the browser sets `isTrusted`. `scroll` is missing on purpose, since it
 * is trusted even when a script scrolled; the tag listens to the wheel, the finger or the key that scrolls instead.
 */
import { guard } from './guard.ts'

const GESTURES = ['pointerdown', 'keydown', 'wheel', 'touchmove']

/** `allowed` is consent to identity; `claim` sends the claim. Call `settle` whenever consent changed. */
export function createLink(deps: { allowed: () => boolean; claim: (token: string) => void }) {
  let token: string | undefined
  let latest: string | undefined
  let moved = false

  const settle = () => {
    if (!token || !moved || !deps.allowed()) return
    const claimed = token
    token = undefined
    deps.claim(claimed)
  }
  const onGesture = guard((event: Event) => {
    if (!event.isTrusted || document.visibilityState !== 'visible') return
    moved = true
    for (const type of GESTURES) removeEventListener(type, onGesture, true)
    settle()
  })

  return {
    settle,
    /** The page is being left. It may come back from the browser's cache, much later and for another person. */
    forget(): void {
      token = undefined
    },
    /** Holds a token, which needs a gesture made after it arrived. The click that accepts a banner counts. */
    hold(next: string | undefined): void {
      // A router writes the address that it started with once more.
      if (!next || next === latest) return
      token = latest = next
      moved = false
      for (const type of GESTURES)
        addEventListener(type, onGesture, { __proto__: null, capture: true, passive: true } as object)
    },
  }
}
