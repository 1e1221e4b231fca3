/**
 * Links and pictures of carts. Anybody can send a cart, and what is in it ends in mails to customers, so a cart keeps only
 * addresses on hosts that the site names: links on the site's own, on `redirect_hosts` and on that of `cart_url`, pictures
 * on the site's own and on `image_hosts`. The hosts of the others are kept, so that the shop can see what is missing.
 */

/** The hosts of a site. `home` is the site's first origin, from which relative addresses start where no page is known. */
export type CartHosts = { links: ReadonlySet<string>; pictures: ReadonlySet<string>; home: string | null }

/** What an address is for. */
export type AddressKind = 'link' | 'picture'

/** An address that was left out: what it was for, and its host, or its scheme if that is neither http nor https. */
export type LeftOut = { kind: AddressKind; host: string }

/** A cart lists no more of them. */
const MAX_LEFT_OUT = 10

/** The hosts of a site with these origins and lists, each as a name or with a port, which does not matter. */
export function cartHostsOf(site: {
  origins: readonly string[]
  redirectHosts: readonly string[]
  imageHosts: readonly string[]
  cartUrl: string | null
}): CartHosts {
  const own = site.origins.flatMap((origin) => hostOf(URL.parse(origin)) ?? [])
  const named = (hosts: readonly string[]) => hosts.flatMap((host) => hostOf(URL.parse(`https://${host}`)) ?? [])
  const ofCart = site.cartUrl === null ? null : hostOf(URL.parse(site.cartUrl))
  return {
    links: new Set([...own, ...named(site.redirectHosts), ...(ofCart === null ? [] : [ofCart])]),
    pictures: new Set([...own, ...named(site.imageHosts)]),
    home: site.origins[0] ?? null,
  }
}

/** Keeps the addresses of a cart that may be mailed, and notes the others. `page` is where relative ones start. */
export function createAddresses(hosts: CartHosts, page: string | null) {
  const leftOut: LeftOut[] = []
  // Most carts hold no address, and reading one takes long.
  let base: string | null | undefined
  const baseOf = () => (isOn(hosts.links, page === null ? null : URL.parse(page)) ? page : hosts.home)
  return {
    leftOut,
    /** The address as it may be mailed, or null. */
    keep(kind: AddressKind, raw: string | null): string | null {
      if (raw === null) return null
      base ??= baseOf()
      const url = URL.parse(raw, base ?? undefined)
      if (url === null) return null
      if (isOn(kind === 'link' ? hosts.links : hosts.pictures, url)) return url.href
      const host = hostOf(url) ?? url.protocol.slice(0, 64)
      const isNoted = leftOut.some((each) => each.kind === kind && each.host === host)
      if (!isNoted && leftOut.length < MAX_LEFT_OUT) leftOut.push({ kind, host })
      return null
    },
  }
}

/** Whether an address is on one of the hosts, without a user or password, which would make it look like another. */
function isOn(hosts: ReadonlySet<string>, url: URL | null): boolean {
  const host = hostOf(url)
  return url !== null && host !== null && hosts.has(host) && url.username === '' && url.password === ''
}

/** The host of an http or https address, without its port and a final dot. Null for any other address. */
function hostOf(url: URL | null): string | null {
  if (url === null || !/^https?:$/.test(url.protocol)) return null
  return url.hostname.endsWith('.') ? url.hostname.slice(0, -1) : url.hostname
}
