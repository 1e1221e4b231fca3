/** What the private routes are made with. Reads and writes of one request go through `db` only. */
import type { Kysely, Transaction } from 'kysely'
import type { Site } from '../domain/settings.ts'
import type { KeysOf } from '../store/contacts.ts'
import type { Database } from '../store/schema.ts'

/** Handed in by the composition root. */
export type HttpDeps = {
  db: Kysely<Database>
  now: () => number
  newId: () => string
  /** The key that a Bearer token is, if it is one. */
  findKey: (token: string) => Promise<{ id: string; scopes: string[] } | undefined>
  findSite: (id: string) => Promise<Site | undefined>
  /** The keyed hash that keeps a retired visitor out. */
  tombstone: (visitorId: string) => string
  /** Hashes what identifies a contact, under the sites as they are now. */
  keysOf: () => Promise<KeysOf>
  /** Makes a mail's link. */
  mint: (site: Site, link: { message: string; contactId: string; issuedAt: number; target: string }) => MintedLink
  /** Ends link tokens, and returns since when, or why it cannot. `note` runs in the transaction that does it. */
  revoke: (
    site: Site,
    revoking: { kind: 'token' | 'message' | 'contact'; value: string } | { kind: 'key' },
    note: (trx: Transaction<Database>) => Promise<void>,
  ) => Promise<{ at: number } | { code: string; message: string }>
  /** Keeps a login that a server vouches for, or says why not; in the caller's transaction. */
  identify: (
    trx: Transaction<Database>,
    login: { site: Site; visitor: string; login: { contact_id?: string; email?: string }; at: number },
  ) => Promise<{ visitor: string; event: string } | { code: string; message: string }>
  checkPassword: (password: string) => boolean
  sessionMac: (text: string) => string
  /** Cookies of the dashboard are marked `Secure`. */
  secure: boolean
  /** Tells the deriving thread that something was written. */
  wake: () => void
}

/** A mail's link: with its token, or through the redirect. */
export type MintedLink = { contact: string; token: string; url: string; redirect: string }

/** What routes know of the caller. */
export type Caller = { actor: string; scopes: 'all' | string[]; since: number | null }

/** The environment of the private app. */
export type PrivateEnv = { Variables: { caller: Caller } }
