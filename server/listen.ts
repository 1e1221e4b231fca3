/**
 * The listening socket and its graceful shutdown: no new connections are accepted, requests in progress are answered and
 * their connections closed, and connections without a request are closed. Whatever takes too long is cut off, at any time:
 * senders who never finish a request hold connections, and the files of the process are few.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
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

/** How patient a socket is, in milliseconds, and how many connections it holds at a time. */
export type ListenLimits = {
  /** From the first byte of a request, or of a connection, to the end of its headers. */
  headersMs: number
  /** From the headers to the end of the body: of what the public sends, and of whatever is answered already. */
  bodyMs: number
  /** Between two parts of a private upload; an import as a whole may take any time. */
  idleMs: number
  connections: number
  /** Of these, how many one sender may hold, if `senderOf` says who it is; null is not limited. */
  perSender: number
  senderOf: (address: string) => string | null
  /** Called for each connection that is refused, with the limit that it is beyond. */
  onRefused: (limit: 'connections' | 'address_connections') => void
}

/** Patience for senders on a bad line: the largest body of 1 MiB in half a minute. */
export const PATIENCE = { headersMs: 15_000, bodyMs: 30_000, idleMs: 60_000 }

/** A connection and its last request. */
type Connection = {
  received: { message: IncomingMessage; response: ServerResponse; isPublic: boolean } | null
  /** When the request began, or when an upload was last seen to go on. */
  since: number
  bytesRead: number
}

/**
 * Listens on a port. A request goes to the public endpoints first, then to the application. Rejects if the port is in
 * use.
 */
export function listen(
  endpoints: EndpointHandler,
  fetch: Parameters<typeof getRequestListener>[0],
  { port, host }: { port: number; host: string },
  limits: ListenLimits,
): Promise<Listening> {
  const application = getRequestListener(fetch, { hostname: host })
  const open = new Map<Socket, Connection>()
  const checkMs = Math.min(limits.headersMs, limits.bodyMs, limits.idleMs) / 5
  const settings = {
    // Node would apply it to imports too.
    requestTimeout: 0,
    headersTimeout: limits.headersMs,
    connectionsCheckingInterval: checkMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
  }
  const server = createServer(settings, (message, response) => {
    const isPublic = endpoints(message, response)
    const connection = open.get(message.socket)
    if (connection !== undefined) {
      connection.received = { message, response, isPublic }
      connection.since = performance.now()
    }
    if (!isPublic) void application(message, response)
  })
  server.maxConnections = limits.connections
  const isWithin = createSenderLimit(limits)
  server.on('drop', () => limits.onRefused('connections'))
  server.on('connection', (socket) => {
    if (!isWithin(socket)) return
    open.set(socket, { received: null, since: 0, bytesRead: 0 })
    socket.once('close', () => open.delete(socket))
  })
  const cutting = setInterval(() => cutSlow(open, limits), checkMs)
  server.once('close', () => clearInterval(cutting))
  return new Promise((resolve, reject) => {
    server.on('error', (error: Error & { code?: string }) => {
      clearInterval(cutting)
      if (error.code === 'EADDRINUSE') {
        reject(new Error(`PORT ${port} is in use on ${host}; set PORT to another, or stop what uses it`))
      } else reject(error)
    })
    server.listen(port, host, () => resolve({ close: createClose(server, open) }))
  })
}

/** Counts the connections of each sender, and closes a new one that is beyond the limit. Returns whether it may stay. */
function createSenderLimit({ perSender, senderOf, onRefused }: ListenLimits): (socket: Socket) => boolean {
  const counts = new Map<string, number>()
  return (socket) => {
    const sender = senderOf(socket.remoteAddress ?? '')
    if (sender === null) return true
    const before = counts.get(sender) ?? 0
    if (before >= perSender) {
      onRefused('address_connections')
      socket.destroy()
      return false
    }
    counts.set(sender, before + 1)
    socket.once('close', () => {
      const left = (counts.get(sender) ?? 1) - 1
      if (left === 0) counts.delete(sender)
      else counts.set(sender, left)
    })
    return true
  }
}

/** Cuts off connections whose sender takes too long with a body. Headers are Node's concern. */
function cutSlow(open: Map<Socket, Connection>, { bodyMs, idleMs }: ListenLimits): void {
  const now = performance.now()
  for (const [socket, connection] of open) {
    const { received, since, bytesRead } = connection
    if (received === null || received.message.complete) continue
    if (received.isPublic || received.response.writableEnded) {
      if (now - since > bodyMs) socket.destroy()
    } else if (socket.bytesRead !== bytesRead || received.message.readableLength > 0) {
      // It goes on, or it is we who do not read.
      connection.since = now
      connection.bytesRead = socket.bytesRead
    } else if (now - since > idleMs) socket.destroy()
  }
}

function createClose(server: Server, open: Map<Socket, Connection>): Listening['close'] {
  return async (ms) => {
    let cut = 0
    server.prependListener('request', (_, response) => response.setHeader('connection', 'close'))
    const closed = new Promise((resolve) => server.close(resolve))
    const idleTimer = setInterval(() => server.closeIdleConnections(), LOOK_MS)
    const unusedTimer = setTimeout(() => {
      // Node takes a connection for idle only after its first request, so unused ones are found among all.
      for (const socket of open.keys()) if (socket.bytesRead === 0) socket.destroy()
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
