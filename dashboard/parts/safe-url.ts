/**
 * Addresses out of a shop's data are strangers' text: only what parses as http or https becomes a link, and only what
 * the page's policy lets through becomes a picture.
 */

/** The address as a link may carry it, or null. `base` is where a relative one starts from, if anything is known. */
export function safeLink(raw: string | null | undefined, base?: string | null): string | null {
  if (!raw) return null
  try {
    const url = new URL(raw, base || undefined)
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null
  } catch {
    return null
  }
}

/** The address as a picture may carry it: https, or this very host. */
export function safePicture(raw: string | null | undefined, base?: string | null): string | null {
  const href = safeLink(raw, base)
  if (href === null) return null
  const url = new URL(href)
  return url.protocol === 'https:' || url.origin === location.origin ? href : null
}
