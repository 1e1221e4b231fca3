/**
 * Which run this is: `npm test`, which must take at most five minutes, or `npm run test:long`, which asserts the same
 * with more rounds, more rows and longer outages, in the files that `vitest.config.ts` lists.
 */
const LONG = process.env.TEST_LONG === '1'

/** Returns the first amount in `npm test` and the second in `npm run test:long`. */
export const amount = (short: number, long: number): number => (LONG ? long : short)
