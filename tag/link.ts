/**
 * A mail's link as evidence. The token only claims after a person moved: mail gateways open every link and run its
 * scripts, so the page load proves nothing. It is held in memory, is claimed once, and is gone with the page if the
 * visitor does not consent.
 *
 * The gestures are those a script cannot make: `isTrusted` is the browser's word. `scroll` is missing on purpose, since
 * it is trusted even when a script scrolled; the wheel, the finger or the key that scrolls is heard instead.
 */
import { guard } from './guard.ts'

const GESTURES = ['pointerdown', 'keydown', 'wheel', 'touchmove']

/** `allowed` is consent to identity; `claim` sends. Call `settle` whenever consent changed. */
export function createLink(deps: { allowed: () => boolean; claim: (token: string) => void }) {
  let token: string | undefined
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
    /** The page is left. It may come back out of the browser's cache, much later and for another person. */
    forget(): void {
      token = undefined
    },
    /** Holds a token; it needs a gesture of its own, made after it arrived. The accepting click in a banner is one. */
    hold(next: string | undefined): void {
      if (!next) return
      token = next
      moved = false
      for (const type of GESTURES) addEventListener(type, onGesture, { capture: true, passive: true })
    },
  }
}
