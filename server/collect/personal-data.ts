/**
 * Takes out of an event what names a person and does not belong there: e-mail addresses, telephone numbers and IBANs, in
 * whatever text they stand and however they are encoded. A marker such as `[email]` takes their place, and they are counted.
 * No hash of them is kept: it would tie the visitor to a contact, whatever the visitor allows.
 *
 * Every event passes here, so what holds nothing is told at a glance: the whole request first, then text by text.
 */
import type { StampedEvent } from '../domain/event.ts'
import { decoded, placeOf } from './decoded.ts'
import { findAddresses, type Range } from './find-addresses.ts'
import { findIbans, findPhones, holdsDigits, type Reading } from './find-numbers.ts'

/** What is taken out. */
export type PersonalKind = 'email' | 'phone' | 'iban'

/** Called for each part of a text that was taken out. */
export type OnRemoved = (kind: PersonalKind) => void

/** What an @ looks like, encoded or not. A wider net than `decoded`, which looks closely. */
const SIGN =
  /[@\uff20\ufe6b]|%(?:25)*(?:40|ef|26|28|5b|5c|7b|u)|&(?:#|commat|amp|percnt|lpar|l?sqb|lbrack)|\\[uUxX]|[([{]\s?(?:at|arobase)\s?[)\]}]/i

/** What a telephone number with its country, one in pairs, one with a label or an IBAN begins with. */
const NUMBER =
  /\+[1-9(]|%2b|&plus|[a-z]{2}[0-9]{2}[ .+_-]?[a-z0-9]{4}[ .+_-]?[a-z0-9]{4}[ .+_-]?[a-z0-9]{2}|0[0-9][ .+-][0-9]{2}[ .+-][0-9]{2}|[a-z][ "]{0,2}[:=][ "(]{0,2}0?[0-9]{3}|[\uff10-\uff19]/i

/** Whether a request's body, as it was sent, can hold anything personal in its properties and names. */
export function mayHoldPersonal(body: string): boolean {
  return SIGN.test(body) || NUMBER.test(body)
}

/** An event without what names a person in its name, its properties and its claim. */
export function withoutPersonal(event: StampedEvent, onRemoved: OnRemoved): StampedEvent {
  return {
    ...event,
    type: cleanText(event.type, onRemoved),
    ...(event.props === undefined ? {} : { props: cleanValue(event.props, onRemoved) as Record<string, unknown> }),
    ...(event.claim === undefined ? {} : { claim: cleanClaim(event.claim, onRemoved) }),
  }
}

/** The shop's own ids of the cart and the order: where they match those of events, they still do. */
function cleanClaim(claim: NonNullable<StampedEvent['claim']>, onRemoved: OnRemoved): typeof claim {
  const { cart, order } = claim
  return {
    ...claim,
    ...(cart === undefined ? {} : { cart: cleanText(cart, onRemoved) }),
    ...(order === undefined ? {} : { order: cleanText(order, onRemoved) }),
  }
}

function cleanValue(value: unknown, onRemoved: OnRemoved): unknown {
  if (typeof value === 'string') return cleanText(value, onRemoved)
  if (Array.isArray(value)) return value.map((each) => cleanValue(each, onRemoved))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [cleanText(name, onRemoved), cleanValue(each, onRemoved)]),
  )
}

/** How the address of a page is read. */
export const PLACE: Reading = { everywhere: true, inUrl: true }
/** How the title of a page is read. */
export const HEADLINE: Reading = { everywhere: true, inUrl: false }
const OTHER: Reading = { everywhere: false, inUrl: false }

/** Whether a property is a page's address. */
function isPlace(text: string): boolean {
  return text.startsWith('/') || text.startsWith('?') || text.includes('://')
}

/** A text without what names a person. */
export function cleanText(text: string, onRemoved: OnRemoved, given?: Reading): string {
  const hasSign = SIGN.test(text)
  const hasDigits = holdsDigits(text)
  if (!hasSign && !hasDigits) return text
  const reading = given ?? (isPlace(text) ? PLACE : OTHER)
  const read = decoded(text)
  const found: { kind: PersonalKind; range: Range }[] = []
  const add = (kind: PersonalKind, ranges: Range[]) => {
    for (const [start, end] of ranges) found.push({ kind, range: placeOf(read, start, end) })
  }
  if (hasSign) add('email', findAddresses(read.text, reading.inUrl || isPlace(text)))
  if (hasDigits) {
    add('iban', findIbans(read.text))
    add('phone', findPhones(read.text, reading))
  }
  if (found.length === 0) return text
  let clean = ''
  let done = 0
  // Those found first win where two overlap: a number can be part of an address or an IBAN.
  const order: PersonalKind[] = ['email', 'iban', 'phone']
  found.sort((a, b) => a.range[0] - b.range[0] || order.indexOf(a.kind) - order.indexOf(b.kind))
  for (const { kind, range } of found) {
    const [start, end] = range
    if (end <= done) continue
    if (start >= done) {
      clean += `${text.slice(done, start)}[${kind}]`
      onRemoved(kind)
    }
    done = end
  }
  return clean + text.slice(done)
}
