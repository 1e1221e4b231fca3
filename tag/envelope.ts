/**
 * What events are made of: ids, times, sizes. An event is complete when it is made: its id, time and address are those of
 * the moment, however long it waits for consent or the network. No id is made twice.
 *
 * The alphabet is base64url's 64 characters in ASCII order, so ids sort as strings the way their numbers do: 8
 * characters hold 48 bits of milliseconds (enough until the year 10889), 13 hold 78 random bits. Databases append such
 * keys at the end of the index instead of writing all over it.
 */
const ALPHABET = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'

/** `length` random characters, 6 bits each. */
export function randomText(length: number): string {
  let text = ''
  for (const byte of crypto.getRandomValues(new Uint8Array(length))) text += ALPHABET[byte & 63]
  return text
}

/**
 * Creates ids for events, each with its time, that strictly increase within the page. If two fall into one millisecond, or
 * the clock was set back, the prefix counts on from the last one: it only orders, and the time itself is the event's `at`.
 */
export function createIds(): (time: number) => string {
  let last = 0
  return (time) => {
    last = Math.max(time, last + 1)
    let prefix = ''
    for (let rest = last; prefix.length < 8; rest = Math.floor(rest / 64)) prefix = ALPHABET[rest % 64] + prefix
    return prefix + randomText(13)
  }
}

/** A time by this browser's clock, in the format of the wire. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

/** The size on the wire, in bytes of UTF-8. */
export function byteLength(text: string): number {
  // Not a Blob's size, which asks another process.
  return new TextEncoder().encode(text).length
}
