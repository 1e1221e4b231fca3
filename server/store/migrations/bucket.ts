/**
 * The bucket of a key as migrations 002 and 004 compute it. A frozen copy: an upgraded installation must get the same
 * numbers as all others, whatever happens to the product's own function.
 */

/** FNV-1a over the key's UTF-16 code units, modulo 64. */
export function bucket(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % 64
}
