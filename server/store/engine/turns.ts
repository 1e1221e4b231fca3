/** Work on many rows in turns: the thread that imports also answers requests. */

/** Rows that are computed without a pause, in a few milliseconds. */
export const ROWS_A_TURN = 100

/** Lets the thread do what else waits. */
export const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))
