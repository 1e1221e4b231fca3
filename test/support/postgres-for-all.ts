/** Starts one PostgreSQL for all tests of a run, or takes the one of `DATABASE_URL`. Each test has databases of its own. */
import { startCluster } from './postgres.ts'

/** Called by vitest before the tests; what it returns is called after them. */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env.DATABASE_URL) {
    process.env.TEST_POSTGRES_URL = process.env.DATABASE_URL
    return async () => {}
  }
  const cluster = await startCluster()
  process.env.TEST_POSTGRES_URL = cluster.url
  return () => cluster.stop()
}
