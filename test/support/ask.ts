/**
 * How a test asks for what all tests of a run share. `shared.ts` holds it, in vitest's main process, and starts each
 * thing when the first test asks for it: a file that needs no browser starts none, and looks for none.
 */

/** A command line without the word `couture`, and the environment that it runs in. */
export type CommandLine = { args: string[]; env: Record<string, string | undefined> }

/** How a command ended. `code` is null if it was killed. */
export type Ran = { code: number | null; stdout: string; stderr: string }

/** What can be asked for: what is given, and what comes back. */
export type Shared = {
  /** The URL of a database on the PostgreSQL of this run, from which others can be created. */
  postgres: { given: null; got: string }
  /** The name of a database there that has the newest schema, to create others from; null on a Citus. */
  template: { given: null; got: string | null }
  /** The path of a Chromium's executable. Installing one takes minutes, so give such hooks `INSTALL_MS`. */
  chromium: { given: null; got: string }
  /** The address of a running Chromium that Playwright connects to. */
  browser: { given: null; got: string }
  /** The path of the product's main file, bundled. */
  product: { given: null; got: string }
  /** A port that no other test of the run was given, and that was free a moment ago. */
  port: { given: null; got: number }
  /** Runs a command in a process that stays for the next one. */
  command: { given: CommandLine; got: Ran }
}

/** Whether there is a run to ask. A benchmark is none: it starts what it needs by itself. */
export const isShared = () => process.env.TEST_SHARED_URL !== undefined

/** Asks for something. What went wrong is thrown as the sentence that tells it. */
export async function ask<K extends keyof Shared>(what: K, given: Shared[K]['given']): Promise<Shared[K]['got']> {
  const response = await fetch(`${process.env.TEST_SHARED_URL}/${what}`, {
    method: 'POST',
    body: JSON.stringify(given),
  })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as Shared[K]['got']
}
