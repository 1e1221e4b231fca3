/** Errors as the outside sees them: RFC 9457 `application/problem+json`, made in one place. */
import { itemAt } from './lookup.ts'

/** The only class of error that becomes a reply. Its message says what was wrong and what it must be. */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Record<string, string>
  /** Further members of the reply's body. */
  readonly members: object
  constructor(
    status: number,
    code: string,
    detail: string,
    headers: Record<string, string> = {},
    members: object = {},
  ) {
    super(detail)
    this.status = status
    this.code = code
    this.headers = headers
    this.members = members
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
export function problemAnswer({ status, code, message, headers, members }: Problem, more: object = {}) {
  const body = {
    type: 'about:blank',
    title: TITLES[status] ?? 'Error',
    status,
    code,
    detail: message,
    ...members,
    ...more,
  }
  return { status, headers: { 'content-type': 'application/problem+json', ...headers }, body: JSON.stringify(body) }
}

/** The first problem of a failed check, as a sentence with its path: `consent.analytics must be …`. */
export function firstProblem(error: { issues: Issue[] }): string {
  const issue = itemAt(error.issues, 0)
  const path = issue.path.join('.') || 'the body'
  const message = issue.message.startsWith('must') ? issue.message : mustOf(issue)
  return message === null ? `${path}: ${issue.message}` : `${path} ${message}`
}

/** What a check of a schema found. The members besides its message are those of its `code`. */
type Issue = {
  code?: string
  path: PropertyKey[]
  message: string
  expected?: string
  origin?: string
  maximum?: number | bigint
  minimum?: number | bigint
  values?: unknown[]
  keys?: string[]
}

const TYPES: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'a boolean',
  array: 'an array',
  object: 'an object',
  record: 'an object',
}

/** What a value must be whose schema has no sentence of its own; null where the code says too little. */
function mustOf({ code, expected = '', origin = '', maximum, minimum, values, keys }: Issue): string | null {
  const unit = { string: 'characters', array: 'items' }[origin]
  switch (code) {
    case 'invalid_type':
      return Object.hasOwn(TYPES, expected) ? `must be ${TYPES[expected]}` : null
    case 'invalid_value':
      return values === undefined ? null : `must be ${values.length > 1 ? 'one of ' : ''}${values.join(', ')}`
    case 'too_big':
      return unit === undefined ? `must be at most ${maximum}` : `must have at most ${maximum} ${unit}`
    case 'too_small':
      if (unit !== undefined && Number(minimum) === 1) return 'must not be empty'
      return unit === undefined ? `must be at least ${minimum}` : `must have at least ${minimum} ${unit}`
    case 'unrecognized_keys':
      return keys === undefined ? null : `must not have the member ${keys[0]}`
    default:
      return null
  }
}
