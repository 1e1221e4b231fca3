/** Looks contacts up by the addresses in a file. */
import type { KeysOf } from '../store/contacts.ts'
import { hashesOf } from '../store/tombstones.ts'

/** The key by which the contacts with an address are found; null without an address. */
export function addressKey(keysOf: KeysOf, email: string | null | undefined): string | null {
  return email ? hashesOf(keysOf, { id: '', email }).address : null
}
