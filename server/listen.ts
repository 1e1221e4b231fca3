/**
 * The listening socket, and its orderly end: nothing new is accepted, what is under way is answered and its connection
 * closed after the answer, and who idles on a kept connection is cut off. What takes too long is cut off too.
 */
import { type ServerType, serve } from '@hono/node-server'

/** A socket that answers. */
export type Listening = {
  /** Ends it within `ms`. Returns how many connections had to be cut off unanswered. */
  close(ms: number): Promise<number>
}

/** Connections become idle without a word, so they are looked for. */
const LOOK_MS = 20

/** Longer than proxies keep a connection, so that none sends a request into one that is being closed. */
const KEEP_ALIVE_MS = 75_000

/** Listens on a port. Rejects with a sentence if it is taken. */
export function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  { port, host }: { port: number; host: string },
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    // An import of a large file takes as long as it takes; slow headers are cut off by a timeout of their own.
    const options = {
      fetch,
      port,
      hostname: host,
      serverOptions: { requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS },
    }
    const server = serve(options, () => resolve({ close: createClose(server) }))
    server.on('error', (error: Error & { code?: string }) => {
      if (error.code === 'EADDRINUSE') {
        reject(new Error(`PORT ${port} is in use on ${host}; set PORT to another, or stop what uses it`))
      } else reject(error)
    })
  })
}

function createClose(server: ServerType): Listening['close'] {
  if (!('closeIdleConnections' in server)) throw new Error('the socket must be one of HTTP/1')
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
