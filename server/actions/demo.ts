/** The demo shop inside the server. It calls the application's private API with a key of its own. */
import { hostname } from 'node:os'
import type { Hono } from 'hono'
import type { Kysely } from 'kysely'
import { createShop, seedShop } from '../../test/shop/shop.ts'
import { sha256Hex } from '../ops/keyring.ts'
import type { Database } from '../store/schema.ts'
import { findSite } from '../store/sites.ts'
import { createKey } from './sites.ts'

const SITE = 'demo'

/** The shop's pages, and `begin`, which needs a writable store. */
export type Demo = { app: Hono; begin(): Promise<void> }

/** Creates the shop. `request` calls the application; `refresh` lets it pick up a new key. */
export function createDemo(deps: {
  db: Kysely<Database>
  publicUrl: string
  dataDir: string
  now: () => number
  request: (url: string, init: RequestInit) => Response | Promise<Response>
  refresh: () => Promise<unknown>
}): Demo {
  const { db, now } = deps
  let key = ''
  const shop = {
    base: '/demo',
    site: SITE,
    tagPath: '/tag.js',
    publicUrl: () => deps.publicUrl,
    identitySecret: async () => {
      const site = await findSite(db, SITE)
      if (site === null) throw new Error(`there is no site "${SITE}"`)
      return site.identity_secret
    },
    api: async (path: string, init?: RequestInit) => {
      const headers = new Headers(init?.headers)
      headers.set('authorization', `Bearer ${key}`)
      headers.set('host', 'localhost')
      return deps.request(`http://localhost${path}`, { ...init, headers })
    },
    now,
  }
  return {
    app: createShop(shop),
    async begin() {
      // Each collector has a key of its own.
      const id = `demo-shop-${sha256Hex(`${hostname()} ${deps.dataDir}`).slice(0, 12)}`
      key = (await createKey(db, { id, scopes: ['contacts:write', 'links:write'] }, now())).key
      await deps.refresh()
      await seedShop(shop)
    },
  }
}
