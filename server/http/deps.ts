/** What the private routes are made with. Reads and writes of one request go through `db` only. */
import type { Kysely } from 'kysely'
import type { Site } from '../domain/settings.ts'
import type { KeysOf } from '../store/contacts.ts'
import type { Database } from '../store/schema.ts'

/** Handed in by the composition root. */
export type HttpDeps = {
  db: Kysely<Database>
  publicUrl: string
  now: () => number
  newId: () => string
  /** The key that a Bearer token is, if it is one. */
  findKey: (token: string) => Promise<{ id: string; scopes: string[] } | undefined>
  findSite: (id: string) => Promise<Site | undefined>
  /** The keyed hash that keeps a retired visitor out. */
  tombstone: (visitorId: string) => string
  /** Hashes what identifies a contact, under the sites as they are now. */
  keysOf: () => Promise<KeysOf>
  mint: (site: Site, token: { message: string; contactId: string; issuedAt: number; target: string }) => string
  /** A mail link's address that carries a token. */
  withToken: (target: string, token: string, linkParam: string) => string
  checkPassword: (password: string) => boolean
  sessionMac: (text: string) => string
  /** Cookies of the dashboard are marked `Secure`. */
  secure: boolean
  /** Tells the deriving thread that something was written. */
  wake: () => void
}

/** What routes know of the caller. */
export type Caller = { actor: string; scopes: 'all' | string[]; since: number | null }

/** The environment of the private app. */
export type PrivateEnv = { Variables: { caller: Caller } }
