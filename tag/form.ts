/**
 * An address typed into a form, as evidence: passed by the page, or taken from the forms that the site's settings name
 * (submits.ts).
 *
 * The address leaves the browser only as its SHA-256. Where a page cannot hash (`crypto.subtle` is missing outside
 * https), the address is dropped and counted, never sent in clear. Consent is checked twice: when the address is given,
 * and when its hash is ready.
 */
import { guard } from './guard.ts'
import type { TypedProps } from './identify.ts'
import type { Lose } from './losses.ts'
import type { WireEvent } from './wire.ts'

/** The collector's rule in short: one @, no separators, and nothing that templates and mail robots leave behind. */
const ADDRESS = /^(?!no-?reply@|.*({{|\*\||%%|\${|\.invalid$))[^\s@<>",;]+@[^\s@<>",;]+$/
/** SHA-256 in hex, but not of the empty text. */
const HASH = /^(?!e3b0c44298fc)[\da-f]{64}$/i

/** What forms need. `refusals` increases whenever a choice does not grant identity. */
type FormDeps = {
  emit: (event: WireEvent) => void
  refusals: () => number
  lose: Lose
}

/**
 * Normalises an address for hashing and comparison, as the server does: composed, without invisible marks and a
 * spreadsheet's apostrophe, in lower case, an international host in ASCII.
 */
export const normalise = (address: string) => {
  const clean = address
    .normalize('NFC')
    .replace(/[\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')
    .trim()
    .replace(/^['’]/, '')
    .trim()
    .toLowerCase()
  const at = clean.lastIndexOf('@') + 1
  const host = clean.slice(at)
  if (!at || !/[^ -~]/.test(host) || /[\s/?#:\\]/.test(host)) return clean
  try {
    return clean.slice(0, at) + new URL(`http://${host}`).hostname
  } catch {
    return clean
  }
}

async function sha256(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return [...bytes].map((byte) => (byte + 256).toString(16).slice(1)).join('')
}

/** Of what was typed into a form's fields, the first that is an address. */
export function findAddress(typed: string[]): string | undefined {
  return typed.find((text) => ADDRESS.test(normalise(text)))
}

/** The returned function reports an address. */
export function createForms({ emit, refusals, lose }: FormDeps) {
  return (event: WireEvent, { email, ...props }: TypedProps) => {
    const address = email && normalise(email)
    if (!(address ? ADDRESS.test(address) : HASH.test(props.email_sha256!))) {
      throw Error("'identify' with form must be given a person's email or email_sha256")
    }
    // An address is sent once its hash is ready, with the time and page at which it was given.
    event.props = props
    if (!address) {
      emit(event)
      return
    }
    const before = refusals()
    sha256(address).then(
      guard((email_sha256) => {
        event.props = { ...props, email_sha256 }
        if (before === refusals()) emit(event)
      }),
      () => lose('unhashed', 1, 'needs https'),
    )
  }
}
