/** A memory of limited size for what came up lately. */

/** Creates a memory of at least the last `most` texts and at most twice as many. */
export function createRecent(most: number): { add(text: string): void; has(text: string): boolean } {
  let [current, former] = [new Set<string>(), new Set<string>()]
  return {
    add(text) {
      current.add(text)
      if (current.size >= most) [current, former] = [new Set(), current]
    },
    has: (text) => current.has(text) || former.has(text),
  }
}
