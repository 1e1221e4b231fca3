/** What the commands share: opening the store that the environment configures, and printing the outcome. */
import { type Store, withStoreOf } from '../actions/prepare-store.ts'
import { type Config, readCommandConfig } from '../ops/config.ts'

/** A wrong use of a command, in one sentence; the command exits with 1. */
export class Refusal extends Error {}

/** Opens the store that the environment configures, and closes it when the work is done. */
export async function withStore(work: (db: Store, config: Config) => Promise<void>): Promise<void> {
  const config = readCommandConfig(process.env)
  await withStoreOf(config, (db) => work(db, config))
}

/** Prints the value as JSON, or the text. */
export function show(json: boolean | undefined, value: unknown, text: () => string): void {
  console.log(json ? JSON.stringify(value) : text())
}
