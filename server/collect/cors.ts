/**
 * What pages of other origins may send and read. A preflight carries no key and so names no site: it is answered for the
 * origins that any site lists, and the request itself is refused unless its site lists the origin.
 */

/** The headers that SDKs send, in lower case. The retries of RudderStack's SDK have four of their own. */
const SENT = [
  ...['content-type', 'content-encoding', 'authorization', 'x-retry-count', 'anonymousid', 'sentat', 'rsa-recovered'],
  ...['rsa-retry-attempt', 'rsa-retry-reason', 'rsa-since-first-attempt', 'rsa-since-last-attempt'],
]

/** No more is read of what a preflight asks for. */
const MAX_ASKED = 500

/**
 * The headers of an answer to a page of `origin`. `credentials`: the page may have sent cookies, as beacons always do;
 * without the permission it could not read the answer.
 */
export function corsHeaders(
  origin: string | undefined,
  knowsOrigin: (origin: string) => boolean,
  { credentials }: { credentials: boolean },
): Record<string, string> {
  if (origin === undefined || !knowsOrigin(origin)) return { vary: 'Origin' }
  return {
    'access-control-allow-origin': origin,
    ...(credentials ? { 'access-control-allow-credentials': 'true' } : {}),
    'access-control-expose-headers': 'Retry-After',
    vary: 'Origin',
  }
}

/** The headers of an answer to a preflight that asks for headers of its own, which SDKs let a shop add. */
export function preflightHeaders(method: 'GET' | 'POST', asked: string | undefined): Record<string, string> {
  const named = asked === undefined || asked.length > MAX_ASKED ? [] : asked.toLowerCase().split(',')
  const own = named.map((name) => name.trim()).filter((name) => /^[a-z0-9_-]+$/.test(name))
  return {
    'access-control-allow-methods': method,
    'access-control-allow-headers': [...new Set([...SENT, ...own])].join(', '),
    'access-control-max-age': '86400',
    vary: 'Origin, Access-Control-Request-Headers',
  }
}
