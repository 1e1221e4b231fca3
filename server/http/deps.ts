/** The dependencies of the private routes. A request reads and writes the store through `db` only. */
import type { Context } from 'hono'
import type { Kysely, Transaction } from 'kysely'
import type { ApiKey } from '../domain/api-key.ts'
import type { Site } from '../domain/settings.ts'
import type { By } from '../store/audit.ts'
import type { KeysOf } from '../store/contacts.ts'
import type { Database } from '../store/schema.ts'
import type { Session } from '../store/sessions.ts'

/** Passed in by the composition root. */
export type HttpDeps = {
  db: Kysely<Database>
  now: () => number
  newId: () => string
  /** Looks up the API key of a Bearer token; it may have expired. */
  findKey: (token: string) => Promise<ApiKey | undefined>
  /** Notes that a key was used. */
  keyUsed: (id: string) => void
  createKey: (given: Omit<ApiKey, 'id'>, by: By) => Promise<ApiKey & { key: string; created_at: number }>
  /** Revokes a key, and returns whether it existed. */
  revokeKey: (id: string, by: By) => Promise<boolean>
  findSite: (id: string) => Promise<Site | undefined>
  /** The ids of the visitors that an anonymous id of Segment's API can stand for, at any site. */
  anonymousVisitors: (anonymousId: string) => string[]
  /** Changes sites, by assignments as `couture sites set` takes them, and writes the audit row in the same transaction. */
  sites: {
    create: (id: string, assignments: string[], by: SiteAct) => Promise<Site>
    change: (site: Site, assignments: string[], by: SiteAct) => Promise<Site>
    /** Returns how many visitors it had, or null if there is no such site. */
    remove: (id: string, by: SiteAct) => Promise<{ visitors: number } | null>
  }
  /** Creates the temporary store of a dry run. */
  rehearse: () => Promise<{ db: Kysely<Database>; remove(): Promise<void> }>
  /** The keyed hash under which a retired visitor is refused. */
  tombstone: (visitorId: string) => string
  /** The text that was sealed; null if it was sealed with another secret. */
  unseal: (sealed: string) => string | null
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
  /** Waits a few seconds until all that this process has accepted so far has landed. Returns whether it has. */
  caughtUp: () => Promise<boolean>
  /** Stores a login that a server vouches for, or returns the reason for a refusal. Runs in the caller's transaction. */
  identify: (
    trx: Transaction<Database>,
    login: { site: Site; visitor: string; login: { contact_id?: string; email?: string }; at: number },
  ) => Promise<{ visitor: string; event: string } | { code: string; message: string }>
  /** The session of a browser's token, unless it has ended or expired. Counts as a use of it. */
  findSession: (token: string) => Promise<Session | undefined>
  /** Checks a user's password: the user, null if it is wrong, or the seconds after which the address may try again. */
  checkPassword: (attempt: Attempt) => Promise<{ user: Identity } | { waitS: number } | null>
  /** Opens a session of a user and returns its token. */
  openSession: (user: Identity, from: Pick<Attempt, 'address' | 'userAgent'>) => Promise<string>
  /** The hash of a password, as it is stored. `generated`: it is a new one from `newPassword`. */
  hashPassword: (password: string, options?: { generated: boolean }) => Promise<string>
  newPassword: () => string
  /** The address of the client. */
  addressOf: (c: Context) => string | null
  /** Whether the dashboard is reached by https, so that its cookie is for its host alone. */
  secure: boolean
  /** Writes files into a ZIP, as it is read; they are dated `at`. */
  zip: (files: { name: string; text: AsyncIterable<string> }[], at: number) => AsyncIterable<Uint8Array>
  /** Notifies the deriving thread of a write. */
  wake: () => void
}

/** Who changes a site, when, and the id of the audit row. */
export type SiteAct = { actor: string; id: string; now: number }

/** The link of a mail: the token, the page's URL with it, and the redirect. */
export type MintedLink = { contact: string; token: string; url: string; redirect: string }

/** A user by id and name. */
export type Identity = { id: string; name: string }

/** An attempt to sign in, with the browser's address and name. */
export type Attempt = { name: string; password: string; address: string | null; userAgent: string }

/**
 * The caller of a private route: a key, or a user in a session. `exports`: whether it may download lists of people as
 * files.
 */
export type Caller = { actor: string; scopes: readonly string[]; exports: boolean; session: Session | null }

/** The environment of the private app. */
export type PrivateEnv = { Variables: { caller: Caller } }
