/**
 * Requests to the collector thread to rewrite rows of the journal, one at a time. At shutdown the journal closes before
 * landing stops and no longer replies, so a pending or later request fails with `Ended`.
 */
import type { Rewritten } from './forget.ts'

/** The server is stopping, and the journal is closed. */
export class Ended extends Error {
  constructor() {
    super('the journal is closed')
  }
}

/** Creates the requests. `ask` sends one; `answered` receives the reply to the last (null if it is on disk). */
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
