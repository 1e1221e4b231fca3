/**
 * Removes e-mail addresses from titles and properties, where they do not belong: each is replaced with its keyed hash,
 * so that no file holds it and equal addresses remain equal.
 */
import type { StampedEvent } from '../domain/event.ts'
import { normaliseEmail } from '../domain/identifier.ts'

const ADDRESS = /[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+/gi

/** The event with every address in its texts replaced. `hash` receives the normalised address. */
export function withoutAddresses(event: StampedEvent, hash: (email: string) => string): StampedEvent {
  const text = JSON.stringify([event.url, event.referrer, event.title, event.props])
  // Most events hold none and are returned as they are.
  if (!text.includes('@') && !/%40/.test(text)) return event
  const clean = (value: unknown): unknown => {
    if (typeof value === 'string') {
      return value.replace(ADDRESS, (found) => `email:${hash(normaliseEmail(found.replace(/%40/i, '@')))}`)
    }
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
