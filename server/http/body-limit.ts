/**
 * How much of a body the private routes read: a few fields by default. A route that takes rows or lists of ids has a limit
 * of its own, which applies once the caller is known.
 */
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { Problem } from '../domain/problem.ts'

/** A body of a few fields. */
const FIELDS_BYTES = 64 * 1024

/** The largest JSON array of rows; NDJSON and CSV are not held whole and may be longer. */
export const ROWS_BYTES = 16 * 1024 * 1024

/** A list of 10,000 ids. */
export const IDS_BYTES = 4 * 1024 * 1024

/** The paths of the routes with a limit of their own. */
const WITH_OWN_LIMIT: ReadonlySet<string> = new Set(
  ['contacts', 'orders', 'link-tokens'].map((name) => `/api/v1/${name}`),
)

/** Refuses a larger body with 413. */
export function limitBody(maxSize: number): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new Problem(413, 'too_large', `the body must be at most ${maxSize} bytes`)
    },
  })
}

const limitFields = limitBody(FIELDS_BYTES)

/** The limit of every private route without one of its own. */
export const limitOthers: MiddlewareHandler = async (c, next) =>
  WITH_OWN_LIMIT.has(c.req.path) ? next() : limitFields(c, next)
