/**
 * What happens in the town, as visible to the shop, each event with the truth of who did it. The drive sends nothing
 * but these deeds, and the judge knows nothing else.
 */
import type { Choice, Contact } from './town.ts'

/** How a contact is named: by a login that the shop signs or not, by following a mail link, or by a forger. */
export type Saying =
  | { how: 'signed' | 'unsigned' | 'unsigned_address' | 'forged_login'; contact: Contact }
  /** A login's token that was intercepted and is used again; `of` is the event that used it first. */
  | { how: 'replayed'; contact: Contact; of: string }
  | { how: 'click' | 'forged_click'; contact: Contact; message: string }

/** One event of a browser. `actor` is who really did it: a person's id, `intruder` or `scanner`. */
export type Happening = {
  kind: 'event'
  at: number
  id: string
  visitor: string
  visit: string
  choice: Choice
  actor: string
  /** The actor's own contact, if any. */
  true: Contact | null
  type: string
  says: Saying | null
  props: Record<string, unknown> | null
  /** `shop`: history with a key. `browser`: as anybody can send it. `bot`: the same, with a bot's user agent. */
  sender: 'shop' | 'browser' | 'bot'
  /** Whose account was really signed in at the shop at that moment. */
  signedIn: string | null
  /** How the actor came by a mail that they clicked. */
  via: 'own' | 'mailbox' | 'forward' | null
}

/** A deed. `import`: the CRM sends a contact. `mailing`: a mail goes out. `fetch`: a mail server requests a link. */
export type Deed =
  | Happening
  | { kind: 'import'; at: number; contact: Contact }
  | { kind: 'mailing'; at: number; message: string; contacts: Contact[] }
  | { kind: 'fetch'; at: number; message: string; contact: Contact }

/** The events among deeds. */
export function happenings(deeds: Deed[]): Happening[] {
  return deeds.filter((deed) => deed.kind === 'event')
}
