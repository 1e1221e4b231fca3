/** Where a request comes from, and whether it may reach the private routes. */
import type { IncomingMessage } from 'node:http'

/**
 * The client's address. Each proxy in front appends the address it saw to `X-Forwarded-For`; only as many of the last
 * entries can be trusted as there are `proxies` of ours.
 */
export function clientAddress({ socket, headers }: IncomingMessage, proxies: number): string | null {
  const peer = socket.remoteAddress ?? null
  if (proxies === 0) return peer
  // Node joins repeated headers.
  const list = headers['x-forwarded-for'] as string | undefined
  if (list === undefined) return peer
  const seen = list.split(',').map((each) => each.trim())
  return seen[Math.max(0, seen.length - proxies)] || peer
}

/** Whether an address is this machine's own. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/i.test(address)
}

/** Whether an address is this machine's own or of a private network, as that of a proxy in front mostly is. */
function isPrivateNetwork(address: string): boolean {
  const bare = address.replace(/^::ffff:/i, '')
  return isLoopback(address) || /^(10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\.|^(f[cd]|fe[89ab])/i.test(bare)
}

/**
 * Whether a proxy in front names the client, but none is trusted: all its clients then count as one. A stranger can send
 * the header too, but not from a private network.
 */
export function isForwardedUnread({ socket, headers }: IncomingMessage, proxies: number): boolean {
  return proxies === 0 && headers['x-forwarded-for'] !== undefined && isPrivateNetwork(socket.remoteAddress ?? '')
}

/** Headers by which a proxy says that it forwards a request, besides `X-Forwarded-…`. */
const FORWARDING = new Set(['forwarded', 'via', 'x-real-ip', 'x-client-ip', 'true-client-ip', 'cf-connecting-ip'])

/**
 * Whether a request was sent on this machine, and not by a proxy for somebody else. A proxy shows by the headers of
 * forwarding, or by HTTP/1.0, which nginx speaks unless told otherwise and browsers do not. With `proxies` of ours in
 * front, everybody whom they name must be this machine.
 */
function isSentHere({ socket, headers, httpVersion }: IncomingMessage, proxies: number): boolean {
  if (!isLoopback(socket.remoteAddress ?? '')) return false
  const list = headers['x-forwarded-for'] as string | undefined
  if (proxies > 0 && list !== undefined) return list.split(',').every((each) => isLoopback(each.trim()))
  if (httpVersion === '1.0') return false
  return !Object.keys(headers).some((name) => name.startsWith('x-forwarded-') || FORWARDING.has(name))
}

/** The name in a `Host`, as names are compared: without case, port and final dot. */
export function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
}

/** Whether a host name stands for this machine, whichever machine that is. */
export function isLocalName(name: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(name)
}

/** Where a server on this machine is reached that listens on a host and port. */
export function ownAddress({ host, port }: { host: string; port: number }): string {
  const reached = ['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`
}

/** The header by which a server says which of all servers it is. */
export const INSTANCE_HEADER = 'couture-instance'

/** What a request may reach besides the public endpoints. */
export type Doors = {
  /** Whether it was sent on this machine and names it. */
  isThisMachine(message: IncomingMessage): boolean
  /** Whether private routes answer it. */
  isPrivate(message: IncomingMessage): boolean
}

/** What decides about private routes in the settings. */
export type DoorSettings = { adminUrl: string | null; publicUrl: string; trustProxy: number }

/**
 * The doors of a server: private routes answer this machine, and under the host of `ADMIN_URL`; without that under the
 * host of `PUBLIC_URL`, unless it is a shop's own, which it may become while the server runs.
 */
export function createDoors(
  { adminUrl, publicUrl, trustProxy }: DoorSettings,
  isShop: (hostName: string) => boolean,
): Doors {
  const named = hostName(new URL(adminUrl ?? publicUrl).host)
  // Anybody can send a name of this machine, so it says nothing alone, not even in ADMIN_URL.
  const isOpen = (name: string) => name === named && !isLocalName(name) && (adminUrl !== null || !isShop(name))
  const isThisMachine = (message: IncomingMessage) =>
    isLocalName(hostName(message.headers.host ?? '')) && isSentHere(message, trustProxy)
  return {
    isThisMachine,
    isPrivate: (message) => isOpen(hostName(message.headers.host ?? '')) || isThisMachine(message),
  }
}
