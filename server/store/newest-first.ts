/** Pages of lists that are sorted by time, the newest first. */
import { type SqlBool, sql } from 'kysely'

/** The position of a row in such a list. */
export type Position = { at: number; id: string }

/** The rows that follow a position; all of them without one. */
export const olderThan = (after: Position | null) =>
  after === null ? sql<SqlBool>`1 = 1` : sql<SqlBool>`(at < ${after.at} or (at = ${after.at} and id < ${after.id}))`
