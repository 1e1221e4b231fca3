/** The names, addresses and passwords of users: how they are compared, and what they must be. */
import { ROLE_NAMES, type Role } from './roles.ts'

/** The user that the first start creates. */
export const FIRST_USER = 'owner'

/** Lengths in characters. Longer texts are refused before anything is computed from them. */
export const MAX_USER_NAME = 60
export const MIN_PASSWORD = 10
export const MAX_PASSWORD = 200
export const MAX_EMAIL = 254

/** Actors of the audit that are no users. Others contain a colon, which names do not. */
const TAKEN = new Set(['anonymous', 'command', 'dashboard', 'preset', 'start', 'system'])

const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._@'’-]*$/u

/** A user's id: the name as it is compared, without differences of case, width and accents' encoding. */
export function userId(name: string): string {
  return name.trim().normalize('NFKC').toLowerCase()
}

/** Why a name cannot be a user's, or null. */
export function nameProblem(name: string): string | null {
  if (name.length > MAX_USER_NAME || name !== name.trim() || !NAME.test(name)) {
    return `name must be 1 to ${MAX_USER_NAME} letters, digits, spaces and . _ - @ ', a letter or digit first`
  }
  return TAKEN.has(userId(name)) ? `name must not be one that the audit uses for others (got "${name}")` : null
}

/** Why a text cannot be a user's e-mail address, or null. */
export function emailProblem(email: string): string | null {
  const at = email.indexOf('@')
  const isAddress = at > 0 && at === email.lastIndexOf('@') && at < email.length - 1 && !/\s/.test(email)
  return email.length <= MAX_EMAIL && isAddress ? null : 'email must be an e-mail address'
}

/** Why a password is not accepted, or null. */
export function passwordProblem(password: string, name: string): string | null {
  if (password.length > MAX_PASSWORD) return `password must have at most ${MAX_PASSWORD} characters`
  if (password.length < MIN_PASSWORD) return `password must have at least ${MIN_PASSWORD} characters`
  return userId(password) === userId(name) ? "password must not be the user's name" : null
}

/** Whether a text is the name of a role. */
export function isRole(text: string): text is Role {
  return ROLE_NAMES.some((role) => role === text)
}
