/** How the first owner signs in, as `serve` and `init` print it. */
import type { FirstOwner } from '../actions/first-owner.ts'

/** How to sign in for the first time. A generated password is shown only now. */
export function ownerLines({ name, password }: FirstOwner, isGiven: boolean): string[] {
  if (password !== null) return [`  user             ${name}`, `  password         ${password}   (not shown again)`]
  return [`  user             ${name}, with ${isGiven ? 'ADMIN_PASSWORD' : 'the one that the dashboard had until now'}`]
}
