/** Looks contacts up by the addresses in a file. */
import type { KeysOf } from '../store/contacts.ts'

/** The key by which the contacts with an address are found; null without an address. */
export function addressKey(keysOf: KeysOf, email: string | null | undefined): string | null {
  const id = ''
  const others = new Set(keysOf({ id, email: null, emailSha256: null }))
  if (!email) return null
  return keysOf({ id, email, emailSha256: null }).find((key) => !others.has(key)) ?? null
}
