/**
 * Remembers keys in a fixed amount of memory, however many there are: each has a few slots to choose from, and once these
 * are taken a later key replaces it. So a key that was seen may be forgotten, and one that was not is taken for seen once in
 * billions.
 */

/** The keys that were seen. */
export type Seen = { has(key: string): boolean; add(key: string): void }

/** The slots that a key may have, side by side. */
const WAYS = 4

/** Creates the memory. `slots` is a power of two, of four bytes each. */
export function createSeen(slots: number): Seen {
  const prints = new Uint32Array(slots)
  // Random, so that nobody can choose keys that replace those of others.
  const [placing = 0, printing = 0] = crypto.getRandomValues(new Uint32Array(2))
  const firstOf = (key: string) => hash(key, placing) & (slots - WAYS)
  // Zero is an empty slot.
  const printOf = (key: string) => (hash(key, printing) | 1) >>> 0
  return {
    has(key) {
      const [first, print] = [firstOf(key), printOf(key)]
      for (let slot = first; slot < first + WAYS; slot++) if (prints[slot] === print) return true
      return false
    },
    add(key) {
      const [first, print] = [firstOf(key), printOf(key)]
      let slot = first
      while (slot < first + WAYS && prints[slot] !== 0) slot++
      prints[slot < first + WAYS ? slot : first + ((print >>> 1) % WAYS)] = print
    },
  }
}

/** FNV-1a with a seed, and its bits mixed at the end. */
function hash(text: string, seed: number): number {
  let value = seed ^ 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  return value ^ (value >>> 13)
}
