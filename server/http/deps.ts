/** The dependencies of the private routes. A request reads and writes the store through `db` only. */
import type { Kysely, Transaction } from 'kysely'
import type { Site } from '../domain/settings.ts'
import type { KeysOf } from '../store/contacts.ts'
import type { Database } from '../store/schema.ts'

/** Passed in by the composition root. */
export type HttpDeps = {
  db: Kysely<Database>
  now: () => number
  newId: () => string
  /** Looks up the API key of a Bearer token. */
  findKey: (token: string) => Promise<{ id: string; scopes: string[] } | undefined>
  findSite: (id: string) => Promise<Site | undefined>
  /** The keyed hash under which a retired visitor is refused. */
  tombstone: (visitorId: string) => string
  /** Hashes a contact's identifiers under the keys of the current sites. */
  keysOf: () => Promise<KeysOf>
  /** Mints the link of a mail. */
  mint: (site: Site, link: { message: string; contactId: string; issuedAt: number; target: string }) => MintedLink
  /** Revokes link tokens, and returns the time of it or the reason for a refusal. `note` runs in the same transaction. */
  revoke: (
    site: Site,
    revoking: { kind: 'token' | 'message' | 'contact'; value: string } | { kind: 'key' },
    note: (trx: Transaction<Database>) => Promise<void>,
  ) => Promise<{ at: number } | { code: string; message: string }>
  /** Stores a login that a server vouches for, or returns the reason for a refusal. Runs in the caller's transaction. */
  identify: (
    trx: Transaction<Database>,
    login: { site: Site; visitor: string; login: { contact_id?: string; email?: string }; at: number },
  ) => Promise<{ visitor: string; event: string } | { code: string; message: string }>
  checkPassword: (password: string) => boolean
  sessionMac: (text: string) => string
  /** Whether the dashboard's cookies are marked `Secure`. */
  secure: boolean
  /** Notifies the deriving thread of a write. */
  wake: () => void
}

/** The link of a mail: the token, the page's URL with it, and the redirect. */
export type MintedLink = { contact: string; token: string; url: string; redirect: string }

/** The caller of a private route. `since` is the start of a session, null for a key. */
export type Caller = { actor: string; scopes: 'all' | string[]; since: number | null }

/** The environment of the private app. */
export type PrivateEnv = { Variables: { caller: Caller } }
