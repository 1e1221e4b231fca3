/** A sample of values, chosen by their ids: the same for the same values, in whatever order they come. */

/** Collects values; beyond twice `most`, half of them are left out again, by the hashes of their ids. */
export function createSample<T>(most: number) {
  let limit = 2 ** 32
  let chosen: { hash: number; value: T }[] = []
  return {
    add(id: string, value: T): void {
      const hash = hashOf(id)
      if (hash >= limit) return
      chosen.push({ hash, value })
      while (chosen.length > 2 * most) {
        limit /= 2
        chosen = chosen.filter((each) => each.hash < limit)
      }
    },
    values(): T[] {
      return chosen.map(({ value }) => value)
    },
  }
}

/** Hashes an id to 32 bits that depend on all of it, so that ids in a row are spread. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
