/**
 * Ids, and the event that carries one. An event is complete when it is made: its id, its time and its address are
 * those of the moment, however long it waits for consent or for the network. The id is never made twice.
 *
 * The alphabet is base64url's 64 characters in the order of ASCII, so that ids compare as strings the way their
 * numbers compare: 8 characters are 48 bits of milliseconds (enough until the year 10889), 13 are 78 random bits.
 * Databases append such keys at the end of the index instead of writing all over it.
 */
import type { WireEvent } from './wire.ts'

const ALPHABET = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'

/** `length` random characters, 6 bits each. */
export function randomText(length: number): string {
  let text = ''
  for (const byte of crypto.getRandomValues(new Uint8Array(length))) text += ALPHABET[byte & 63]
  return text
}

/**
 * A source of ids that strictly increase within the page. Two in one millisecond, or a clock that was set back, count
 * on from the last one: the prefix orders, while the time itself is the event's `at`.
 */
export function createIds(now: () => number): () => string {
  let last = 0
  return () => {
    last = Math.max(now(), last + 1)
    let prefix = ''
    for (let rest = last; prefix.length < 8; rest = Math.floor(rest / 64)) prefix = ALPHABET[rest % 64] + prefix
    return prefix + randomText(13)
  }
}

/** A time by this browser's clock, as the wire says it. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}

/** The size on the wire, in bytes of UTF-8. */
export function byteLength(text: string): number {
  return new Blob([text]).size
}

/**
 * Makes events. `props` are copied, because shops change the object of a cart after they have handed it in; what
 * cannot be JSON throws here, at the caller's own line.
 */
export function createEnvelope(deps: { now: () => number; newId: () => string; url: () => string }) {
  return (type: string, props?: object): WireEvent => ({
    id: deps.newId(),
    type,
    at: isoTime(deps.now()),
    url: deps.url(),
    props: props && JSON.parse(JSON.stringify(props)),
  })
}
