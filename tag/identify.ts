/**
 * `couture('identify', …)`: a login, or with `form: true` an address typed into a form, passed by the page. It is a
 * claim that the collector judges; the tag only makes sure that it can be understood. A login's address is sent as
 * given, over the same connection that the shop's own form used, and the collector keeps its keyed hash; a form's
 * address is hashed in the browser (form.ts).
 */
import type { FormProps, LoginProps } from './wire.ts'

/** A form's properties before its address is hashed. */
export type TypedProps = Omit<FormProps, 'email_sha256'> & { email?: string; email_sha256?: string }

/** What can name a person. A form can only name one by address. */
const LOGIN = ['email', 'email_sha256', 'contact_id', 'token'] as const
const FORM = ['email', 'email_sha256', 'cart_id', 'order_id'] as const

/** Reads the properties of the event. Throws a sentence that says what they must be. */
export function readIdentify(input: unknown): LoginProps | TypedProps {
  const given = Object(input)
  const props: { [K in 'kind' | (typeof LOGIN | typeof FORM)[number]]?: string } = {
    kind: given.form ? 'form' : 'login',
  }
  for (const key of given.form ? FORM : LOGIN) {
    const value = given[key]
    if (value && /string|number/.test(typeof value)) props[key] = `${value}`
  }
  // Two identifiers could name two contacts. With a token, its signed subject decides.
  if (!props.token && [props.contact_id, props.email, props.email_sha256].filter(Boolean).length !== 1) {
    throw Error("'identify' must be given one of contact_id, email and email_sha256, or a token")
  }
  return props as LoginProps | TypedProps
}
