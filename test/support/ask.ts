/**
 * How a test requests the resources shared by all tests of a run. `shared.ts` keeps them in vitest's main process and
 * starts each one when a test first requests it, so that a file without a browser neither starts nor looks for one.
 */

/** A command line without the word `couture`, and the environment that it runs in. */
export type CommandLine = { args: string[]; env: Record<string, string | undefined> }

/** How a command ended. `code` is null if it was killed. */
export type Ran = { code: number | null; stdout: string; stderr: string }

/** The resources that can be requested, with their inputs and results. */
export type Shared = {
  /** The URL of a database on the PostgreSQL of this run, from which others can be created. */
  postgres: { given: null; got: string }
  /** The name of a database there with the newest schema, used as a template for others; null on Citus. */
  template: { given: null; got: string | null }
  /** The path of a SQLite store with the newest schema, to be copied. */
  storeFile: { given: null; got: string }
  /** The path of a Chromium's executable. Installing one takes minutes, so give such hooks `INSTALL_MS`. */
  chromium: { given: null; got: string }
  /** The address of a running Chromium that Playwright connects to. */
  browser: { given: null; got: string }
  /** The path of the product's main file, bundled. */
  product: { given: null; got: string }
  /** A port that was free a moment ago and that no other test of the run has. */
  port: { given: null; got: number }
  /** Runs a command in a process that is reused for the next one. */
  command: { given: CommandLine; got: Ran }
}

/** Whether shared resources exist. A benchmark has none and starts what it needs itself. */
export const isShared = () => process.env.TEST_SHARED_URL !== undefined

/** Requests a resource. Throws an error with the reason if that fails. */
export async function ask<K extends keyof Shared>(what: K, given: Shared[K]['given']): Promise<Shared[K]['got']> {
  const response = await fetch(`${process.env.TEST_SHARED_URL}/${what}`, {
    method: 'POST',
    body: JSON.stringify(given),
  })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as Shared[K]['got']
}
