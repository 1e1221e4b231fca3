/**
 * `couture('identify', …)`: a login said by the page. It is a claim, and the collector judges it; the tag only sees to
 * it that the claim can be understood. The address goes as it was given, over the same connection that the shop's own
 * form used, and the collector keeps its keyed hash.
 */
import type { LoginProps } from './wire.ts'

/** The properties of the event; throws a sentence that says what they must be. */
export function readLogin(input: unknown): LoginProps {
  const given = Object(input)
  const login: LoginProps = { kind: 'login' }
  for (const key of ['contact_id', 'email', 'email_sha256', 'token'] as const) {
    const value = given[key]
    if (value && /string|number/.test(typeof value)) login[key] = `${value}`
  }
  // Two identifiers could name two contacts. With a token its signed subject decides.
  if (!login.token && Object.keys(login).length !== 2) {
    throw Error("'identify' must be given one of contact_id, email and email_sha256, or a token")
  }
  return login
}
