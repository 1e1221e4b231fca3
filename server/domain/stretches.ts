/** Stretches of a visitor's time, cut from the epochs of its fold, each with one owner or none. */
import type { IdentityLink } from './identity-link.ts'

/** A stretch of moments, `from` inclusive to `to` exclusive, with its owner's link. */
export type Stretch = {
  from: number
  to: number
  link: IdentityLink | null
  /** It begins where an epoch begins, not where its owner's reach begins. */
  boundary: boolean
  /** Its owner's link reaches only its session, but also owns the cart that was open when the session began. */
  withOpenCart: boolean
}

/** An epoch's owner during the fold. `contested`: a click displaced somebody who had been proven here. */
export type OpenLink = {
  link: IdentityLink
  ownsFrom: number | null
  withCart: boolean
  limited: boolean
  contested: boolean
  verifiedIn: number | null
}

/**
 * An epoch during the fold. `typed`: the typed address that nothing better has replaced; `beside`: addresses typed
 * while a better link was open.
 */
export type OpenEpoch = {
  from: number
  to: number
  open: OpenLink | null
  typed: IdentityLink | null
  beside: IdentityLink[]
}

/** Cuts each epoch where its owner's reach begins, and drops links that own nothing. */
export function toStretches(epochs: OpenEpoch[], length: number): Stretch[] {
  const stretches: Stretch[] = []
  for (const { from, to, open } of epochs) {
    if (from >= to || from >= length) continue
    const ownsFrom = open === null || open.link.state === 'void' ? null : open.ownsFrom
    if (open === null || ownsFrom === null) {
      stretches.push({ from, to, link: null, boundary: true, withOpenCart: false })
      continue
    }
    const cut = ownsFrom > from
    if (cut) stretches.push({ from, to: ownsFrom, link: null, boundary: true, withOpenCart: false })
    stretches.push({ from: ownsFrom, to, link: open.link, boundary: !cut, withOpenCart: open.withCart })
  }
  return stretches
}
