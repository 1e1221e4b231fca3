/** What an import noticed that concerns no single row: how rows were joined, in which zone times were read. */

/** One remark: `count` rows or orders, and a sentence about them for the sender. */
export type Note = { code: string; count: number; message: string }
