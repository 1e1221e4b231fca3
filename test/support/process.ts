/**
 * How processes of the product are started by tests: from the project's folder, with what is preloaded into all
 * threads.
 */

/** The project's folder. */
export const ROOT = new URL('../../', import.meta.url).pathname

const here = (file: string) => new URL(file, import.meta.url).pathname

/** Arguments of Node that load files before the product, in all its threads. */
export const preloading = (...files: string[]) => files.flatMap((file) => ['--import', here(file)])

/** What each process is preloaded with. */
export const PRELOADS = preloading('./shifted-clock.ts', './quick-passwords.ts', './check-citus-shapes.ts')
