/**
 * Prepares the store at the start of a server: now, or where it is away later. A server that has been started before
 * collects without its store, by the sites as they were last known.
 */

/** What preparing needs. */
export type PreparationDeps = {
  prepare: () => Promise<void>
  /** Whether an error means that the store cannot be reached now. */
  isAway: (error: unknown) => boolean
  /** Whether sites are known from an earlier start. */
  knowsSites: () => boolean
  /** Rethrows an error of the start as a sentence that says what to do. */
  explain: (error: unknown) => never
}

/** Prepares the store. False: it is away, and the server can start without it. Throws if the server cannot start. */
export async function prepareNow({ prepare, isAway, knowsSites, explain }: PreparationDeps): Promise<boolean> {
  try {
    await prepare()
    return true
  } catch (error) {
    if (isAway(error) && knowsSites()) return false
    return explain(error)
  }
}

/** While the store is away it is tried this often. */
const RETRY_MS = 2000

/** Tries until the store is prepared and `begin` has succeeded, or the server stops. */
export async function prepareLater(
  { prepare, isAway }: Pick<PreparationDeps, 'prepare' | 'isAway'>,
  on: {
    begin: () => Promise<void>
    /** The store is there, and something else is wrong. */
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
