/**
 * Takes out of an event what names a person and does not belong there: e-mail addresses, telephone numbers and IBANs, in
 * whatever text they stand and however they are encoded. A marker such as `[email]` takes their place, and they are counted.
 * No hash of them is kept: it would tie the visitor to a contact, whatever the visitor allows.
 *
 * Every event passes here, so a text that holds nothing is told at a glance.
 */
import type { StampedEvent } from '../domain/event.ts'
import { decoded, placeOf } from './decoded.ts'
import { findAddresses, type Range } from './find-addresses.ts'
import { COLON_SEEN, DIGITS_SEEN, findIbans, findPhones, glance, type Reading, SIGN_SEEN } from './find-numbers.ts'

/** What is taken out. */
export type PersonalKind = 'email' | 'phone' | 'iban'

/** Called for each part of a text that was taken out. */
export type OnRemoved = (kind: PersonalKind) => void

/** What an @ looks like, encoded or not. A wider net than `decoded`, which looks closely. */
const SIGN =
  /[@\uff20\ufe6b]|%(?:25)*(?:40|ef|26|28|3c|5b|5c|7b|u)|%(?:25){1,8}4?%(?:25){0,8}3|&(?:#|commat|amp|percnt|lpar|l?sqb|lbrack|lt)|\\[uUxX]|[([{<]\s?(?:at|\u00e4t|arobase)\s?[)\]}>]/i

/**
 * What a number begins with, unless it stands in an address or a title: a sign, a zero in a short group, or the letters of
 * an IBAN.
 */
const NUMBER =
  /[+:=%&\u0080-\uffff]|(?<![A-Za-z0-9_])0[0-9]{1,4}[^0-9A-Za-z][^A-Za-z]{3}|(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}/

/** An event without what names a person in its name, its properties and its claim. */
export function withoutPersonal(event: StampedEvent, onRemoved: OnRemoved): StampedEvent {
  const type = cleanText(event.type, onRemoved)
  const props = cleanValue(event.props, onRemoved) as StampedEvent['props']
  const claim = event.claim && cleanClaim(event.claim, onRemoved)
  if (type === event.type && props === event.props && claim === undefined) return event
  return { ...event, type, ...(props === undefined ? {} : { props }), ...(claim === undefined ? {} : { claim }) }
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

/** A value without what names a person; the same value if it holds nothing, as most do. */
function cleanValue(value: unknown, onRemoved: OnRemoved): unknown {
  if (typeof value === 'string') return cleanText(value, onRemoved)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    let changed: unknown[] | null = null
    for (let i = 0; i < value.length; i++) {
      const clean = cleanValue(value[i], onRemoved)
      if (clean === value[i]) continue
      changed ??= [...value]
      changed[i] = clean
    }
    return changed ?? value
  }
  const fields = value as Record<string, unknown>
  let changed: Map<string, [name: string, each: unknown]> | null = null
  for (const name in fields) {
    const cleanName = cleanText(name, onRemoved)
    const clean = cleanValue(fields[name], onRemoved)
    if (cleanName === name && clean === fields[name]) continue
    changed ??= new Map()
    changed.set(name, [cleanName, clean])
  }
  if (changed === null) return value
  const found = changed
  return Object.fromEntries(Object.entries(fields).map((field) => found.get(field[0]) ?? field))
}

/** How the address of a page is read. */
export const PLACE: Reading = { everywhere: true, inUrl: true }
/** How the title of a page is read. */
export const HEADLINE: Reading = { everywhere: true, inUrl: false }
const OTHER: Reading = { everywhere: false, inUrl: false }

/** Whether a property, of which a glance has seen this, is a page's address. */
function isPlace(text: string, seen: number): boolean {
  const first = text.charAt(0)
  return first === '/' || first === '?' || ((seen & COLON_SEEN) !== 0 && text.includes('://'))
}

/** A text without what names a person. */
export function cleanText(text: string, onRemoved: OnRemoved, given?: Reading): string {
  const seen = glance(text)
  if ((seen & (SIGN_SEEN | DIGITS_SEEN)) === 0) return text
  const hasSign = (seen & SIGN_SEEN) !== 0 && SIGN.test(text)
  const hasDigits = (seen & DIGITS_SEEN) !== 0
  if (!hasSign && !hasDigits) return text
  const reading = given ?? (isPlace(text, seen) ? PLACE : OTHER)
  // An id is mostly digits.
  if (!hasSign && !reading.everywhere && !NUMBER.test(text)) return text
  const read = decoded(text)
  const found: { kind: PersonalKind; range: Range }[] = []
  const add = (kind: PersonalKind, ranges: Range[]) => {
    for (const [start, end] of ranges) found.push({ kind, range: placeOf(read, start, end) })
  }
  if (hasSign) add('email', findAddresses(read.text, reading.inUrl || isPlace(text, seen)))
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
