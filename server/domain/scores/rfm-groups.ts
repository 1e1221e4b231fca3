/** The named groups of customers by their scores of recency, frequency and money. */

/** A group and the scores of its customers, the lowest and the highest of each. */
type Group = { name: string; r: Range; f: Range; m: Range }
type Range = readonly [from: number, to: number]

/**
 * The segments of the R package `rfm` (its documentation of `rfm_segment`), in its order and with its intervals: a customer
 * belongs to the first one that holds all three scores. Its "Customers" are left out of names: `loyal` and `new`.
 */
const GROUPS = [
  { name: 'champions', r: [5, 5], f: [5, 5], m: [5, 5] },
  { name: 'potential_loyalist', r: [3, 5], f: [3, 5], m: [2, 5] },
  { name: 'loyal_customers', r: [2, 4], f: [2, 4], m: [2, 4] },
  { name: 'promising', r: [3, 4], f: [1, 3], m: [3, 5] },
  { name: 'new_customers', r: [4, 5], f: [1, 3], m: [1, 5] },
  { name: 'cant_lose_them', r: [1, 2], f: [3, 4], m: [4, 5] },
  { name: 'at_risk', r: [1, 2], f: [2, 5], m: [4, 5] },
  { name: 'need_attention', r: [1, 3], f: [3, 5], m: [3, 5] },
  { name: 'about_to_sleep', r: [2, 3], f: [1, 3], m: [1, 4] },
  { name: 'lost', r: [1, 1], f: [1, 5], m: [1, 5] },
] as const satisfies Group[]

/** Customers whose scores belong to no other group; the package calls them so. */
const OTHERS = 'others'

/** The name of a group. */
export type RfmGroup = (typeof GROUPS)[number]['name'] | typeof OTHERS

/** The names of all groups, best customers first. */
export const RFM_GROUPS: readonly RfmGroup[] = [...GROUPS.map(({ name }) => name), OTHERS]

/** The group of three scores. Nobody whose spending is unknown belongs to a group that is about it. */
export function rfmGroupOf(r: number, f: number, m: number | null): RfmGroup {
  if (m === null) return OTHERS
  const holds = ([from, to]: Range, score: number) => from <= score && score <= to
  return GROUPS.find((group) => holds(group.r, r) && holds(group.f, f) && holds(group.m, m))?.name ?? OTHERS
}
