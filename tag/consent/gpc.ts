/**
 * Global Privacy Control, a standing "do not sell or share" of the browser. It speaks where the visitor has not:
 * `marketing` and `identity` stay refused. With the source `manual` nothing is granted but by an explicit choice on
 * this very site, which is later and more specific than the browser's setting, so the choice stands; the signal is
 * reported beside it (`gpc: true`), as proof of what was known. Sources with defaults must ask here before they grant.
 */

declare global {
  interface Navigator {
    globalPrivacyControl?: boolean
  }
}

/** True where the browser sends the signal. It may change during a page's life. */
export function gpcSignal(): boolean {
  return navigator.globalPrivacyControl === true
}
