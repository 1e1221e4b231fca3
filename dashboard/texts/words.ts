/** Words for the codes of the server, of which there may be more than this dashboard knows. */

/** The sentence for a code, or null for one that has none. A code named like a method of objects is no exception. */
export function wordFor<T>(table: Record<string, T>, code: string): T | null {
  return Object.hasOwn(table, code) ? table[code]! : null
}
