/** What every command needs: the store of the environment, and how a command reports its outcome. */
import { type Store, withStoreOf } from '../actions/prepare-store.ts'
import { type Config, readConfigFromEnvironment } from '../ops/config.ts'

/** A wrong use of a command, in one plain sentence; the command ends with 1. */
export class Refusal extends Error {}

/** Opens the store of the environment, and closes it when the work is done. */
export async function withStore(work: (db: Store, config: Config) => Promise<void>): Promise<void> {
  const config = readConfigFromEnvironment(process.env)
  await withStoreOf(config, (db) => work(db, config))
}

/** Prints a value for programs, or a text for people. */
export function show(json: boolean | undefined, value: unknown, text: () => string): void {
  console.log(json ? JSON.stringify(value) : text())
}
