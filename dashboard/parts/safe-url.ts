/**
 * Addresses in a shop's data are untrusted text: only http and https addresses become links. Pictures are those that the
 * server kept, on hosts that the site names; the page's content security policy allows no others.
 */

/** The address for a link, or null. `base` is what a relative address starts from, if known. */
export function safeLink(raw: string | null | undefined, base?: string | null): string | null {
  if (!raw) return null
  try {
    const url = new URL(raw, base || undefined)
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null
  } catch {
    return null
  }
}

/** The address for a picture: https, or this host. */
export function safePicture(raw: string | null | undefined, base?: string | null): string | null {
  const href = safeLink(raw, base)
  if (href === null) return null
  const url = new URL(href)
  return url.protocol === 'https:' || url.origin === location.origin ? href : null
}
