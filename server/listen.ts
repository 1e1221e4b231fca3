/**
 * The listening socket and its graceful shutdown: no new connections are accepted, requests in progress are answered and
 * their connections closed, and connections without a request are closed. Whatever takes too long is cut off.
 */
import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { EndpointHandler } from './collect/endpoints.ts'

/** A listening socket. */
export type Listening = {
  /** Closes it within `ms`. Returns how many connections were cut off without a reply. */
  close(ms: number): Promise<number>
}

/** How often idle connections are closed during shutdown. Node has no event for a connection that becomes idle. */
const LOOK_MS = 20

/** How long a connection that has sent nothing, such as a browser opens in advance, may still begin a request. */
const FIRST_BYTE_MS = 500

/** Longer than proxies keep an idle connection, so that none sends a request into one that is being closed. */
const KEEP_ALIVE_MS = 75_000

/** Listens on a port. A request goes to the public endpoints first, then to the application. Rejects if the port is in use. */
export function listen(
  endpoints: EndpointHandler,
  fetch: Parameters<typeof getRequestListener>[0],
  { port, host }: { port: number; host: string },
): Promise<Listening> {
  const application = getRequestListener(fetch, { hostname: host })
  // A large import may take any time, so requests have no timeout. Node's own timeout for headers still applies.
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
  // Node takes a connection for idle only after its first request, so unused ones are found among all.
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return async (ms) => {
    let cut = 0
    server.prependListener('request', (_, response) => response.setHeader('connection', 'close'))
    const closed = new Promise((resolve) => server.close(resolve))
    const idleTimer = setInterval(() => server.closeIdleConnections(), LOOK_MS)
    const unusedTimer = setTimeout(() => {
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    }, FIRST_BYTE_MS)
    const deadline = setTimeout(() => {
      server.closeIdleConnections()
      server.getConnections((_, open) => {
        cut = open
        server.closeAllConnections()
      })
    }, ms)
    await closed
    clearInterval(idleTimer)
    clearTimeout(unusedTimer)
    clearTimeout(deadline)
    return cut
  }
}
