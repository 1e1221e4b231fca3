/**
 * Keys are hashed into buckets so that several processes can share the work: each process works on the buckets that it
 * owns. Bucket numbers are stored in rows, so the function below must never change.
 */

/** The number of buckets. */
export const BUCKETS = 64

/** The bucket of a key: FNV-1a over its UTF-16 code units. */
export function bucketOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % BUCKETS
}
