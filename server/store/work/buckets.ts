/**
 * Keys fall into buckets, so that several processes can share the work on them: a process works on the buckets that it
 * owns. The number of a key is kept in rows, so the function below must never change.
 */

/** How many buckets there are. */
export const BUCKETS = 64

/** The bucket of a key: FNV-1a over its UTF-16 units. */
export function bucketOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % BUCKETS
}
