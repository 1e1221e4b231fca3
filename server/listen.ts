/**
 * The listening socket, and its orderly end: nothing new is accepted, what is under way is answered and its connection
 * closed after the answer, and who idles on a kept connection is cut off. What takes too long is cut off too.
 */
import { createServer, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { EndpointHandler } from './collect/endpoints.ts'

/** A socket that answers. */
export type Listening = {
  /** Ends it within `ms`. Returns how many connections had to be cut off unanswered. */
  close(ms: number): Promise<number>
}

/** Connections become idle without a word, so they are looked for. */
const LOOK_MS = 20

/** Longer than proxies keep a connection, so that none sends a request into one that is being closed. */
const KEEP_ALIVE_MS = 75_000

/** Listens on a port: the public endpoints are tried first, then the application. Rejects with a sentence if the port is taken. */
export function listen(
  endpoints: EndpointHandler,
  fetch: Parameters<typeof getRequestListener>[0],
  { port, host }: { port: number; host: string },
): Promise<Listening> {
  const application = getRequestListener(fetch, { hostname: host })
  // An import of a large file takes as long as it takes; slow headers are cut off by a timeout of their own.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS }, (message, response) => {
    if (!endpoints(message, response)) void application(message, response)
  })
  return new Promise((resolve, reject) => {
    server.on('error', (error: Error & { code?: string }) => {
      if (error.code === 'EADDRINUSE') {
        reject(new Error(`PORT ${port} is in use on ${host}; set PORT to another, or stop what uses it`))
      } else reject(error)
    })
    server.listen(port, host, () => resolve({ close: createClose(server) }))
  })
}

function createClose(server: Server): Listening['close'] {
  return async (ms) => {
    let cut = 0
    server.prependListener('request', (_, response) => response.setHeader('connection', 'close'))
    const closed = new Promise((resolve) => server.close(resolve))
    const looking = setInterval(() => server.closeIdleConnections(), LOOK_MS)
    const late = setTimeout(() => {
      server.closeIdleConnections()
      server.getConnections((_, open) => {
        cut = open
        server.closeAllConnections()
      })
    }, ms)
    await closed
    clearInterval(looking)
    clearTimeout(late)
    return cut
  }
}
