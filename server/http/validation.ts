/** What a request that fails a route's check is answered with: 400, and what it must be. */
import type { z } from '@hono/zod-openapi'
import { Problem } from './problem.ts'

/** The default hook of the private apps. */
export function onInvalid(result: { success: true } | { success: false; error: z.ZodError; target?: string }): void {
  if (!result.success) throw new Problem(400, 'invalid_request', sentence(result.error))
}

/** The first problem as a sentence with its path. */
export function sentence(error: z.ZodError): string {
  const issue = error.issues[0]!
  const path = issue.path.join('.') || 'the body'
  return issue.message.startsWith('must') ? `${path} ${issue.message}` : `${path}: ${issue.message}`
}
