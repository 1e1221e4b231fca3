/** What a column may hold that the engines have no type for. */

/** A truth value that every engine keeps alike. */
export type Flag = 0 | 1
