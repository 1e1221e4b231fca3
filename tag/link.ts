/**
 * A mail link as evidence. The token becomes a claim only after a person interacted: mail gateways open every link and
 * run its scripts, so a page load proves nothing. The token is kept in memory, is claimed once (second.ts), and is gone with
 * the page if the visitor does not consent.
 *
 * The gestures are those a script cannot fake: the browser sets `isTrusted`. `scroll` is missing on purpose, since it
 * is trusted even when a script scrolled; the tag listens to the wheel, the finger or the key that scrolls instead.
 */
import { takeLinkToken } from './address.ts'
import { guard, ofDocument } from './guard.ts'

const GESTURES = ['pointerdown', 'keydown', 'wheel', 'touchmove']

/** The token that the page came with. `moved`: a person has interacted since. `settle` is called when they do. */
export type MailLink = { token?: string; moved?: boolean; settle?: () => void; look: () => void }

/** Takes the token out of the address, now and at each `look`. */
export function createLink(param: string): MailLink {
  let latest: string | undefined
  const link: MailLink = {
    look() {
      const token = takeLinkToken(param)
      // A router writes the address that it started with once more.
      if (!token || token === latest) return
      if (!latest) {
        for (const type of GESTURES) addEventListener(type, onGesture, true)
        // The page may come back from the browser's cache, much later and for another person.
        addEventListener('pagehide', () => {
          link.token = ''
        })
      }
      link.token = latest = token
      // The click that accepts a banner counts, one before the token does not.
      link.moved = false
    },
  }
  const onGesture = guard((event: Event) => {
    link.moved ||= event.isTrusted && !document.prerendering && ofDocument('visibilityState') === 'visible'
    link.settle?.()
  })
  link.look()
  return link
}
