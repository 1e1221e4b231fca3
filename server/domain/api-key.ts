/** API keys as callers present them: known or not, expired or not. */
import { Problem } from './problem.ts'

/** A key without its hash. A key of an earlier version has no name and does not expire. */
export type ApiKey = { id: string; name: string | null; scopes: string[]; expires_at: number | null }

/** The longest name of a key. */
export const MAX_KEY_NAME = 80

/** The longest life of a key that expires, in days. */
export const MAX_KEY_DAYS = 3660

const DAY_MS = 24 * 3600_000

/** The key itself, or the 401 for one that is unknown or has expired. `must` says what an unknown one must be. */
export function usableKey(key: ApiKey | undefined, now: number, must: string): ApiKey {
  if (!key) throw new Problem(401, 'unknown_key', must, BEARER)
  if (key.expires_at !== null && now >= key.expires_at) {
    const name = key.name === null ? key.id : `"${key.name}"`
    const at = new Date(key.expires_at).toISOString()
    throw new Problem(
      401,
      'expired_key',
      `the key ${name} expired at ${at}; an administrator can create another`,
      BEARER,
    )
  }
  return key
}

const BEARER = { 'www-authenticate': 'Bearer' }

/** Why a text cannot be the name of a key, or null. */
export function keyNameProblem(name: string): string | null {
  const isFine = name.trim() === name && name.length >= 1 && name.length <= MAX_KEY_NAME && !/\p{Cc}/u.test(name)
  return isFine
    ? null
    : `a name must be 1 to ${MAX_KEY_NAME} characters without line breaks (got "${name.slice(0, 100)}")`
}

/** Why a key cannot expire at a time, or null. */
export function expiryProblem(at: number, now: number): string | null {
  if (at > now && at <= now + MAX_KEY_DAYS * DAY_MS) return null
  return `a key must expire in the future, and within ${MAX_KEY_DAYS} days`
}

/** Reads when a key expires: a day or time in ISO 8601, or a number of days such as `90d`. Null for any other text. */
export function readExpiry(text: string, now: number): number | null {
  const days = /^(\d{1,5})d$/.exec(text)?.[1]
  if (days !== undefined) return now + Number(days) * DAY_MS
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/.test(text)) return null
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : at
}
