/**
 * Remembers texts that were looked at closely and stay as they are: a shop's pages, titles and browsers come up again and
 * again. Only what is kept anyway is remembered, and never more than a few megabytes of it, whatever is sent.
 */

/** Texts that stay as they are. */
export type Unchanged = { has(text: string): boolean; add(text: string): void }

/** Longer texts are not remembered. */
const MAX_LENGTH = 512

/** Remembers the last `texts` texts at least, and twice as many at most. */
export function createUnchanged(texts = 2000): Unchanged {
  let recent = new Set<string>()
  let earlier = new Set<string>()
  return {
    has(text) {
      if (text.length > MAX_LENGTH) return false
      return recent.has(text) || earlier.has(text)
    },
    add(text) {
      if (text.length > MAX_LENGTH) return
      if (recent.size >= texts) {
        earlier = recent
        recent = new Set()
      }
      recent.add(text)
    },
  }
}
