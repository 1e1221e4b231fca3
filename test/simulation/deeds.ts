/**
 * What happens in the town, as the shop's outside sees it, each with the truth of who did it. The list of deeds is all
 * that the drive sends, and all that the judge knows.
 */
import type { Choice, Contact } from './town.ts'

/** How a person's name is said: by a login that the shop signs or does not, by following a mail's link, or by a forger. */
export type Saying =
  | { how: 'signed' | 'unsigned' | 'unsigned_address' | 'forged_login'; contact: Contact }
  /** A login's token that was seen on its way and is used again; `of` is the event that brought it first. */
  | { how: 'replayed'; contact: Contact; of: string }
  | { how: 'click' | 'forged_click'; contact: Contact; message: string }

/** One event of a browser. `actor` is who truly did it: a person's id, `intruder` or `scanner`. */
export type Happening = {
  kind: 'event'
  at: number
  id: string
  visitor: string
  visit: string
  choice: Choice
  actor: string
  /** The contact that the actor is, if any. */
  true: Contact | null
  type: string
  says: Saying | null
  props: Record<string, unknown> | null
  /** `shop`: history with a key. `browser`: as anybody can send it. `bot`: the same, and its agent says that it is one. */
  sender: 'shop' | 'browser' | 'bot'
  /** Whose account the shop had signed in at that moment, as the truth knows. */
  signedIn: string | null
  /** How he came by a mail that he clicked. */
  via: 'own' | 'mailbox' | 'forward' | null
}

/** A deed. `import`: the CRM tells of a contact. `mailing`: a mail goes out. `fetch`: a mail server asks for a link. */
export type Deed =
  | Happening
  | { kind: 'import'; at: number; contact: Contact }
  | { kind: 'mailing'; at: number; message: string; contacts: Contact[] }
  | { kind: 'fetch'; at: number; message: string; contact: Contact }

/** The events among deeds. */
export function happenings(deeds: Deed[]): Happening[] {
  return deeds.filter((deed) => deed.kind === 'event')
}
