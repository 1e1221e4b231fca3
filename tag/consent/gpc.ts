/**
 * Global Privacy Control, the browser's standing "do not sell or share". It speaks for a visitor who has not chosen:
 * `marketing` and `identity` stay refused. With the source `manual` only an explicit choice on this site grants
 * anything. That choice is later and more specific than the browser's setting, so it stands, and the signal is reported
 * with it (`gpc: true`) as proof of what was known. Sources with defaults must check the signal before they grant.
 */

declare global {
  interface Navigator {
    globalPrivacyControl?: boolean
  }
}

/** True if the browser sends the signal. It may change while the page is open. */
export function gpcSignal(): boolean {
  return navigator.globalPrivacyControl === true
}
