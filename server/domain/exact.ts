/**
 * Types that hold a contract both ways. `satisfies` finds what one side lacks; these also find what only one side has:
 * an optional field, a member of a union, a wider type, at any depth. Whatever differs does not compile.
 */

/** Whether two types are the same. Assignable in both directions is not enough: an optional field would pass. */
export type IsExact<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** `A` where both types are the same; else `never`, which no value satisfies. */
export type Exactly<A, B> = IsExact<A, B> extends true ? A : never
