/** A row of a source as it is passed on, whichever format it comes from. */

/**
 * A row, or why it cannot be read. `line`: where it begins in the file; in an array its position. `read`:
 * what could be read of it, for the refusal that it may hold.
 */
export type SourceRow =
  | { line: number; value: unknown }
  | { line: number; code: string; message: string; read?: unknown }
