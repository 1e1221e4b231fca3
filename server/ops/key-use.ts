/** Notes the last use of API keys without a write for each request. */

/** How exact the last use of a key is. */
const EVERY_MS = 60_000

/** Returns what to call when a key is used: it calls `note` at most once a minute for each key. */
export function createKeyUse(now: () => number, note: (id: string, at: number) => void): (id: string) => void {
  const noted = new Map<string, number>()
  return (id) => {
    const at = now()
    const last = noted.get(id)
    // A clock that was set back starts over.
    if (last !== undefined && at >= last && at < last + EVERY_MS) return
    noted.set(id, at)
    note(id, at)
  }
}
