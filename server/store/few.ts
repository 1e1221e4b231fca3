/**
 * Reading the rows of many keys at once where a hostile sender may have given one of the keys any number of rows. What is
 * read is bounded by the number of keys; a key with more rows is named, and whoever asks reads of it what it needs.
 */
import { chunks } from './engine/many.ts'

/** Keys that are read in one go. */
const PART = 256

/** Reads up to `limit` rows of keys, whichever. */
type Select<Row, Key> = (keys: Key[], limit: number) => Promise<Row[]>

/**
 * The rows of all keys but those in `many`, of which nothing is returned: they are among the keys with more than
 * `perKey` rows.
 */
export async function rowsOfFew<Row, Key extends string>(
  keys: Key[],
  perKey: number,
  select: Select<Row, Key>,
): Promise<{ rows: Row[]; many: Set<Key> }> {
  const found: { rows: Row[]; many: Set<Key> } = { rows: [], many: new Set() }
  const parts = chunks(keys, PART)
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const most = part.length * perKey
    const rows = await select(part, most + 1)
    if (rows.length <= most) for (const row of rows) found.rows.push(row)
    else if (part.length === 1) for (const key of part) found.many.add(key)
    else parts.push(...chunks(part, Math.ceil(part.length / 2)))
  }
  return found
}
