/**
 * Prepares the store when a server starts, or later if the store is unavailable. A server that has run before can collect
 * without its store, with the sites as last known.
 */

/** What preparing needs. */
export type PreparationDeps = {
  prepare: () => Promise<void>
  /** Whether an error means that the store is unavailable for now. */
  isAway: (error: unknown) => boolean
  /** Whether sites are known from an earlier start. */
  knowsSites: () => boolean
  /** Rethrows an error of the start as one sentence that says what to do. */
  explain: (error: unknown) => never
}

/** Prepares the store. Returns false if it is unavailable but the server can start; throws if the server cannot. */
export async function prepareNow({ prepare, isAway, knowsSites, explain }: PreparationDeps): Promise<boolean> {
  try {
    await prepare()
    return true
  } catch (error) {
    if (isAway(error) && knowsSites()) return false
    return explain(error)
  }
}

/** How often an unavailable store is tried again. */
const RETRY_MS = 2000

/** Retries until the store is prepared and `begin` has succeeded, or the server stops. */
export async function prepareLater(
  { prepare, isAway }: Pick<PreparationDeps, 'prepare' | 'isAway'>,
  on: {
    begin: () => Promise<void>
    /** Called if the store is available but something else is wrong. */
    onError: (error: unknown) => void
    isStopping: () => boolean
    sleep: (ms: number) => Promise<unknown>
  },
): Promise<void> {
  for (;;) {
    await on.sleep(RETRY_MS)
    if (on.isStopping()) return
    try {
      await prepare()
      return await on.begin()
    } catch (error) {
      if (!isAway(error)) on.onError(error)
    }
  }
}
