/** Errors as the outside sees them: RFC 9457 `application/problem+json`, made in one place. */
import { itemAt } from './lookup.ts'

/** The only class of error that becomes a reply. Its message says what was wrong and what it must be. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Record<string, string>
  constructor(status: number, code: string, detail: string, headers: Record<string, string> = {}) {
    super(detail)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Too large',
  415: 'Unsupported media type',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Unavailable',
}

/** The reply for a defect. It only says that there is one; the log has the details. */
export function internalError(): Problem {
  return new Problem(500, 'internal_error', 'something went wrong on the server; the log has the details')
}

/** A problem's reply as plain data; `more` are additional members of its body. */
export function problemAnswer({ status, code, message, headers }: Problem, more: object = {}) {
  const body = { type: 'about:blank', title: TITLES[status] ?? 'Error', status, code, detail: message, ...more }
  return { status, headers: { 'content-type': 'application/problem+json', ...headers }, body: JSON.stringify(body) }
}

/** The first problem of a failed check, as a sentence with its path: `consent.analytics must be …`. */
export function firstProblem(error: { issues: { path: PropertyKey[]; message: string }[] }): string {
  const issue = itemAt(error.issues, 0)
  const path = issue.path.join('.') || 'the body'
  return issue.message.startsWith('must') ? `${path} ${issue.message}` : `${path}: ${issue.message}`
}
