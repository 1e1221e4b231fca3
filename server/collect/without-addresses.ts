/**
 * Removes e-mail addresses from titles and properties, where they do not belong: each is replaced with its keyed hash,
 * so that no file holds it and equal addresses remain equal.
 */
import type { StampedEvent } from '../domain/event.ts'
import { normaliseEmail } from '../domain/identifier.ts'

const SIGN = /@|%40/gi
const LOCAL_CHARACTER = /[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]/
const HOST = /[A-Za-z0-9.-]*/y

/** The longest part before the @ that mail allows. */
const MAX_LOCAL = 64

/** The event with every address in its texts replaced. `hash` receives the normalised address. */
export function withoutAddresses(event: StampedEvent, hash: (email: string) => string): StampedEvent {
  const text = JSON.stringify([event.url, event.referrer, event.title, event.props])
  // Most events hold none and are returned as they are.
  if (!text.includes('@') && !/%40/.test(text)) return event
  const clean = (value: unknown): unknown => {
    if (typeof value === 'string') return replaceAddresses(value, (address) => `email:${hash(normaliseEmail(address))}`)
    if (Array.isArray(value)) return value.map(clean)
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [clean(name) as string, clean(each)]))
    }
    return value
  }
  return {
    ...event,
    ...(event.url === undefined ? {} : { url: clean(event.url) as string }),
    ...(event.referrer === undefined ? {} : { referrer: clean(event.referrer) as string }),
    ...(event.title === undefined ? {} : { title: clean(event.title) as string }),
    ...(event.props === undefined ? {} : { props: clean(event.props) as Record<string, unknown> }),
  }
}

/** A text with each address replaced. Found by its @, so that each character is read a bounded number of times. */
function replaceAddresses(text: string, replacement: (address: string) => string): string {
  let clean = ''
  let done = 0
  for (const { 0: sign, index } of text.matchAll(SIGN)) {
    let from = index
    while (from > done && from > index - MAX_LOCAL && LOCAL_CHARACTER.test(text.charAt(from - 1))) from--
    const host = hostAt(text, index + sign.length)
    if (from === index || host === null) continue
    clean += text.slice(done, from) + replacement(`${text.slice(from, index)}@${host}`)
    done = index + sign.length + host.length
  }
  return clean + text.slice(done)
}

/** The host name with a dot that begins at a place, or null. */
function hostAt(text: string, at: number): string | null {
  HOST.lastIndex = at
  const [run = ''] = HOST.exec(text) ?? []
  const [labels = ''] = run.split('..', 1)
  const host = labels.endsWith('.') ? labels.slice(0, -1) : labels
  return host.includes('.', 1) && !host.startsWith('.') ? host : null
}
