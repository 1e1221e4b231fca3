/**
 * How processes of the product are started by tests: from the project's folder, with what is preloaded into all
 * threads.
 */
import { dirname, join } from 'node:path'

/** The project's folder. */
export const ROOT = new URL('../../', import.meta.url).pathname

const here = (file: string) => new URL(file, import.meta.url).pathname

/** Arguments of Node that load files before the product, in all its threads. */
export const preloading = (...files: string[]) => files.flatMap((file) => ['--import', here(file)])

/** What each process is preloaded with. */
export const PRELOADS = preloading('./shifted-clock.ts', './quick-passwords.ts', './check-citus-shapes.ts')

/** The file beside the bundled product's `main` that runs commands. */
export const commandHostOf = (main: string) => join(dirname(main), 'command-host.js')

/** The environment in which processes of the bundled product, and their threads, reuse the compiled code of earlier ones. */
export const reusing = (main: string) => ({ NODE_COMPILE_CACHE: join(dirname(main), 'compiled') })
