/** Texts for the server's codes, of which there may be more than this dashboard knows. */

/** The text for a code, or null if it has none. Codes named like a method of objects work too. */
export function wordFor<T>(table: Record<string, T>, code: string): T | null {
  return (Object.hasOwn(table, code) ? table[code] : undefined) ?? null
}
