/**
 * Which run this is: `npm test`, which must not take more than five minutes, or `npm run test:long`, which asserts the same
 * with more rounds, more rows and longer outages, in the files that `vitest.config.ts` lists.
 */
const LONG = process.env.TEST_LONG === '1'

/** How much of something: so much in `npm test`, and so much in `npm run test:long`. */
export const amount = (short: number, long: number): number => (LONG ? long : short)
