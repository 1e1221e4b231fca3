/** Calls that come in quick succession are one. */

/** Calls `action` so long after the first call, and not again for those that come before that. */
export function coalesce(action: () => void, ms: number): () => void {
  let waiting = false
  return () => {
    if (waiting) return
    waiting = true
    setTimeout(() => {
      waiting = false
      action()
    }, ms)
  }
}
