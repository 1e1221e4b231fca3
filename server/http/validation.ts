/** The reply to a request that fails a route's check: a 400 that says what the input must be. */
import type { z } from '@hono/zod-openapi'
import { firstProblem, Problem } from '../domain/problem.ts'

/** The default hook of the private apps. */
export function onInvalid(result: { success: true } | { success: false; error: z.ZodError; target?: string }): void {
  if (!result.success) throw new Problem(400, 'invalid_request', firstProblem(result.error))
}
