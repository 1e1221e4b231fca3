/** What is counted and logged of every request: never its path, which holds ids and tokens. */
import type { IncomingMessage } from 'node:http'
import type { Logger } from 'pino'
import { clientAddress, isForwardedUnread } from './address.ts'
import type { Metrics } from './metrics.ts'

/** Creates the callbacks of what serves requests. `proxies`: how many in front are trusted to name the client. */
export function createWatching(log: Logger, metrics: Metrics, proxies: number) {
  return {
    /** Of the served routes. */
    watching: {
      onRequest: (method: string, route: string, status: number, ms: number) => {
        metrics.request(method, route, status)
        log.debug({ method, route, status, ms: Math.round(ms) }, 'a request')
      },
      onError: (error: unknown, method: string, path: string) =>
        log.error({ err: error, method, path }, 'a request failed'),
    },
    /** The client's address, and a count of those that cannot be known. */
    addressOf(message: IncomingMessage): string | null {
      if (isForwardedUnread(message, proxies)) metrics.forwardedUnread()
      return clientAddress(message, proxies)
    },
  }
}
