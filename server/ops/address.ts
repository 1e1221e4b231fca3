/** Where a request comes from: the client's address behind proxies, and whether a host is this machine. */
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
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}

/** Whether private routes answer under a `Host`: the dashboard's, or a name of this machine. */
export function createPrivateHosts(adminHosts: string[]): (host: string) => boolean {
  const hosts = new Set(adminHosts)
  return (host) => hosts.has(host) || /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(host)
}

/**
 * The same for a server: private routes answer under `ADMIN_URL`; without it under `PUBLIC_URL`, unless that is a shop's
 * own origin, which may become one while the server runs.
 */
export function createPrivateHostsOf(
  { adminUrl, publicUrl }: { adminUrl: string | null; publicUrl: string },
  isShop: (origin: string) => boolean,
): (host: string) => boolean {
  const admin = adminUrl === null ? null : createPrivateHosts([new URL(adminUrl).host])
  const { origin, host: publicHost } = new URL(publicUrl)
  const ofPublic = createPrivateHosts([publicHost])
  const ofMachine = createPrivateHosts([])
  return (host) => (admin ?? (isShop(origin) ? ofMachine : ofPublic))(host)
}
