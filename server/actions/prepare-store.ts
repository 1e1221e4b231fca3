/** Prepares the store for a server or command. Safe to run from several processes that start at the same time. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { nanoid } from 'nanoid'
import { activateCopy } from '../copy/activate.ts'
import { isEmptyDatabase } from '../copy/target.ts'
import { DEMO_SITE, hasRealSite } from '../domain/demo.ts'
import type { Config } from '../ops/config.ts'
import { explainDamage } from '../ops/damage.ts'
import { createKeyring, type Keyring } from '../ops/keyring.ts'
import { updatePresets } from '../segments/presets.ts'
import { deletedSites } from '../store/deleted-sites.ts'
import { migrate } from '../store/migrate.ts'
import { openCommandStore, type StoreAt } from '../store/open.ts'
import type { Database } from '../store/schema.ts'
import { findSite, listSites, updateSite } from '../store/sites.ts'
import { ensureOwner, type FirstOwner } from './first-owner.ts'
import { createSite, updateAddressKeys } from './sites.ts'

/** The store, as actions and commands use it. */
export type Store = Kysely<Database>

/** Opens the store of an installation, migrates it, and closes it when the work is done. Only a server makes a store. */
export async function withStoreOf<T>(config: Config, work: (db: Store) => Promise<T>): Promise<T> {
  const { databaseUrl, dataDir } = config
  if (databaseUrl === null && !existsSync(join(dataDir, 'couture.db'))) throw noInstallation(`DATA_DIR ${dataDir}`)
  const db = openCommandStore(config)
  try {
    if (databaseUrl !== null && (await isEmptyDatabase(db))) throw noInstallation('the database of DATABASE_URL')
    const keyring = createKeyring(config.secret)
    await bringUp(db, config, keyring, Date.now()).catch(explainDamage(config.dataDir, 'couture.db'))
    return await work(db)
  } finally {
    await db.destroy()
  }
}

/** Opens a store of whatever version without migrating it: a backup before an upgrade must not begin the upgrade. */
export async function withStoreAsIs<T>(at: StoreAt, work: (db: Store) => Promise<T>): Promise<T> {
  const db = openCommandStore(at)
  try {
    return await work(db)
  } finally {
    await db.destroy()
  }
}

function noInstallation(place: string): Error {
  return new Error(
    `there is no installation in ${place}; only \`couture serve\` and \`couture init\` make one, so name the server's own`,
  )
}

/** Does what both servers and commands need: migrates the store, checks that it may be used, and adds preset segments. */
async function bringUp(store: Kysely<Database>, config: Config, keyring: Keyring, now: number): Promise<void> {
  await migrate(store)
  await activateCopy(store, config, keyring)
  await updatePresets(store, now)
  await updateAddressKeys(store, keyring)
}

/**
 * Prepares the store for a server, including the demo's site with this server's origins while there is a demo, and the
 * first owner. Returns the owner if it was created.
 */
export async function prepareStore(config: Config, keyring: Keyring, now: number): Promise<FirstOwner | null> {
  const store = openCommandStore(config)
  try {
    await bringUp(store, config, keyring, now)
    await ensureDemoSite(store, config, now)
    return await ensureOwner(store, config, { at: now, newId: () => nanoid(22) })
  } finally {
    await store.destroy()
  }
}

async function ensureDemoSite(store: Kysely<Database>, config: Config, now: number): Promise<void> {
  if (hasRealSite(await listSites(store)) && !config.demo) return
  if ((await deletedSites(store)).has(DEMO_SITE)) return
  const origin = new URL(config.publicUrl).origin
  const origins = [...new Set([origin, `http://localhost:${config.port}`, `http://127.0.0.1:${config.port}`])]
  if (!(await findSite(store, DEMO_SITE))) {
    try {
      // A cart counts as abandoned after a minute, so that a tour of the demo need not wait.
      await createSite(
        store,
        { id: DEMO_SITE, origins, settings: { cart_idle_minutes: 1 } },
        { actor: 'start', id: nanoid(22), now },
      )
    } catch (error) {
      // Another process that starts at the same time may have created it.
      if (!(await findSite(store, DEMO_SITE))) throw error
    }
  }
  const site = await findSite(store, DEMO_SITE)
  if (origins.some((each) => !site?.origins.includes(each))) await updateSite(store, DEMO_SITE, { addOrigins: origins })
}
