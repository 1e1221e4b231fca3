/** What every command needs: the one place where commands open the store, and how they say what came of it. */
import type { Kysely } from 'kysely'
import { bringUp } from '../actions/prepare.ts'
import { type Config, readConfigFromEnvironment } from '../ops/config.ts'
import { explainDamage } from '../ops/damage.ts'
import { createKeyring } from '../ops/keyring.ts'
import { openCommandStore } from '../store/open.ts'
import type { Database } from '../store/schema.ts'

/** The store as commands see it. */
export type Store = Kysely<Database>

/** A failure that is told in one plain sentence; the command ends with 1. */
export class Refusal extends Error {}

/** Opens the store of the environment, brings it to its newest schema, and closes it when the work is done. */
export async function withStore(work: (db: Store, config: Config) => Promise<void>): Promise<void> {
  const config = readConfigFromEnvironment(process.env)
  const db = openCommandStore(config)
  try {
    const keyring = createKeyring(config.secret)
    await bringUp(db, config, keyring, Date.now()).catch(explainDamage(config.dataDir, 'couture.db'))
    await work(db, config)
  } finally {
    await db.destroy()
  }
}

/** Prints a value for programs, or a text for people. */
export function show(json: boolean | undefined, value: unknown, text: () => string): void {
  console.log(json ? JSON.stringify(value) : text())
}
