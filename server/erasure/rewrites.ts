/**
 * Asking the collector's thread to put other entries in the place of some, one request at a time. At a stop the journal is
 * closed before landing is, and answers no more: what is asked then, or was asked before, fails with `Ended`.
 */
import type { Rewritten } from './forget.ts'

/** The server stops, and the journal is closed. */
export class Ended extends Error {
  constructor() {
    super('the journal is closed')
  }
}

/** Rewrites. `ask` hands a request over, `answered` is told the answer to the last (null where it is on disk). */
export function createRewrites(ask: (journalId: string, rows: Rewritten[]) => void) {
  let ended = false
  let settle: (error: Error | null) => void = () => {}
  return {
    rewrite: (journalId: string, rows: Rewritten[]): Promise<void> =>
      new Promise((resolve, reject) => {
        settle = (error) => (error === null ? resolve() : reject(error))
        if (ended) settle(new Ended())
        else ask(journalId, rows)
      }),
    answered: (error: string | null): void => settle(error === null ? null : new Error(error)),
    end(): void {
      ended = true
      settle(new Ended())
    },
  }
}
