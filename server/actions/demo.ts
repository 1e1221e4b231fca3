/**
 * The demo shop inside the server. It calls the application's private API with a key of its own.
 *
 * The shop is open until there is a site of a real shop, or for as long as `DEMO=true`. When it closes, its customers are
 * erased with what they did, and its key is deleted. Its customers have ids that no CRM may use (`domain/demo`), and no
 * identifier but these leads to them, so that they never stand in the way of a real contact.
 */
import { hostname } from 'node:os'
import type { Hono } from 'hono'
import type { Kysely, Transaction } from 'kysely'
import { CUSTOMERS } from '../../test/shop/customers.ts'
import { createShop } from '../../test/shop/shop.ts'
import { DEMO_SITE, hasRealSite } from '../domain/demo.ts'
import type { Site } from '../domain/settings.ts'
import { eraseContact } from '../erasure/erase.ts'
import { hashSecret, type Keyring, newSecret, sha256Hex } from '../ops/keyring.ts'
import { deleteApiKey, putApiKey } from '../store/api-keys.ts'
import { type KeysOf, upsertContacts } from '../store/contacts.ts'
import { transact } from '../store/engine/transact.ts'
import type { Database } from '../store/schema.ts'
import { findSite } from '../store/sites.ts'
import { forgetErased } from '../store/tombstones.ts'
import { readKeysOf } from './sites.ts'

/** The demo shop of a server. */
export type Demo = {
  app: Hono
  /** Whether the shop is open at all. */
  isOpen(): boolean
  /** Whether it answers a request: beside a real site only on this machine, else wherever private routes answer. */
  answers(request: { isHere: boolean; isPrivate: boolean }): boolean
  /** Opens or closes the shop if that is due. Needs a writable store; what fails is reported and left to the next start. */
  follow(): Promise<void>
  /** Begins nothing more. Resolves once what has begun has ended, so that the store can be closed. */
  stop(): Promise<void>
}

/** What the demo needs. `request` calls the application; `refresh` lets it pick up a new key. */
export type DemoDeps = {
  db: Kysely<Database>
  keyring: Keyring
  publicUrl: string
  dataDir: string
  /** `DEMO=true`: the shop stays open beside real sites. */
  stays: boolean
  sites: () => Iterable<Site>
  now: () => number
  newId: () => string
  request: (url: string, init: RequestInit) => Response | Promise<Response>
  refresh: () => Promise<unknown>
  onError: (error: unknown) => void
}

/** Creates the shop. */
export function createDemo(deps: DemoDeps): Demo {
  const { db, keyring, now, newId } = deps
  // Each collector has a key of its own.
  const keyId = `demo-shop-${sha256Hex(`${hostname()} ${deps.dataDir}`).slice(0, 12)}`
  let key = ''
  let followed: 'open' | 'closed' | null = null
  let following: Promise<void> = Promise.resolve()

  const isBesideReal = () => hasRealSite(deps.sites())
  const exists = () => [...deps.sites()].some((site) => site.id === DEMO_SITE)
  const isOpen = () => exists() && (deps.stays || !isBesideReal())

  const open = async () => {
    key = newSecret('ck_')
    const scopes = ['links:write']
    await putApiKey(db, { id: keyId, name: 'Demo shop', scopes, expires_at: null, hash: hashSecret(key) }, now())
    await deps.refresh()
    const keysOf = await readKeysOf(db, keyring)
    await transact(db, (trx) => upsertContacts(trx, customers(), keysOf, now()))
  }
  const close = async () => {
    const keysOf = await readKeysOf(db, keyring)
    await transact(db, (trx) => removeCustomers(trx, keysOf))
    await deleteApiKey(db, keyId)
  }
  const removeCustomers = async (trx: Transaction<Database>, keysOf: KeysOf) => {
    for (const { id } of CUSTOMERS) {
      const erased = await eraseContact(trx, id, { keysOf, tombstone: keyring.tombstone, newId, now: now() })
      // If the demo is wanted again, the customers may come back.
      if (erased !== null) await forgetErased(trx, erased.contact)
    }
  }
  let isStopped = false
  const step = async () => {
    if (isStopped) return
    const due = isOpen() ? 'open' : 'closed'
    if (due === followed) return
    followed = due
    await (due === 'open' ? open() : close()).catch(deps.onError)
  }

  return {
    app: createShop({
      base: '/demo',
      site: DEMO_SITE,
      tagPath: '/tag.js',
      publicUrl: () => deps.publicUrl,
      identitySecret: async () => {
        const site = await findSite(db, DEMO_SITE)
        if (site === null) throw new Error(`there is no site "${DEMO_SITE}"`)
        return site.identity_secret
      },
      api: async (path, init) => {
        const headers = new Headers(init?.headers)
        headers.set('authorization', `Bearer ${key}`)
        headers.set('host', 'localhost')
        return deps.request(`http://localhost${path}`, { ...init, headers })
      },
      now,
    }),
    isOpen,
    answers: ({ isHere, isPrivate }) => isOpen() && (isBesideReal() ? isHere : isPrivate),
    follow() {
      following = following.then(step)
      return following
    },
    stop() {
      isStopped = true
      return following
    },
  }
}

/** The shop's customers as its CRM would push them; the same versions each time, so that repeating it changes nothing. */
function customers() {
  return CUSTOMERS.map(({ mail_consent_at, updated_at, ...rest }) => ({
    ...rest,
    mail_consent_at: Date.parse(mail_consent_at),
    updated_at: Date.parse(updated_at),
  }))
}
