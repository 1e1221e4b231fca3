/**
 * The decision table: what a claim does, by the state that the visitor is in. Data, so that a product person can read
 * it and a test can show it cell by cell. Each cell has one reason code, which a link or refusal carries for ever.
 *
 * Form evidence is not in the table yet; it never touches a link (it owns the cart or order that carries it).
 */
import type { Evidence } from './event.ts'

/** How sure a link is. `claimed` owns nothing: no past, no cart, no segment, no feed. */
export type Strength = 'verified' | 'confirmed' | 'claimed'

/** A visitor's state when a claim comes: the strength of the open link; `remembered` is verified, its session over. */
export type State = 'none' | 'claimed' | 'confirmed' | 'verified' | 'remembered'

/** The evidence that the table has columns for. */
export type LinkEvidence = Exclude<Evidence, 'form_email'>

/**
 * - `link`: the epoch gets its owner. `provisional`: noted, owns nothing.
 * - `raise`: the same contact, with better evidence. `keep`: the same contact, seen again.
 * - `supersede`: the old link closes, a new epoch opens with this owner. `replace`: the same, but provisional.
 * - `refuse`, `review`: nothing changes; the second is listed for an operator.
 */
export type Action = 'link' | 'provisional' | 'raise' | 'keep' | 'supersede' | 'replace' | 'refuse' | 'review'

/** What to do, and the word for why. */
export type Cell = { action: Action; reason: string }

const cell = (action: Action, reason: string): Cell => ({ action, reason })

/** A claim about somebody else than the open link's contact. */
export const ANOTHER: Record<State, Record<LinkEvidence, Cell>> = {
  none: {
    login_verified: cell('link', 'signed_login'),
    email_click: cell('link', 'first_click'),
    login_claimed: cell('provisional', 'unsigned_login'),
  },
  claimed: {
    login_verified: cell('supersede', 'signed_login_over_claimed'),
    email_click: cell('supersede', 'click_over_claimed'),
    login_claimed: cell('replace', 'claimed_by_another'),
  },
  confirmed: {
    login_verified: cell('supersede', 'signed_login_over_click'),
    email_click: cell('supersede', 'click_of_another'),
    login_claimed: cell('replace', 'claimed_after_click'),
  },
  remembered: {
    login_verified: cell('supersede', 'signed_login_over_remembered'),
    email_click: cell('supersede', 'click_over_remembered'),
    login_claimed: cell('replace', 'claimed_after_remembered'),
  },
  verified: {
    login_verified: cell('supersede', 'signed_login_of_another'),
    email_click: cell('review', 'possible_duplicate'),
    login_claimed: cell('refuse', 'unsigned_over_verified'),
  },
}

/** A claim about the contact that the open link is about. */
export const SAME: Record<Exclude<State, 'none'>, Record<LinkEvidence, Cell>> = {
  claimed: {
    login_verified: cell('raise', 'signed_login'),
    email_click: cell('raise', 'first_click'),
    login_claimed: cell('keep', 'claimed_again'),
  },
  confirmed: {
    login_verified: cell('raise', 'signed_login'),
    email_click: cell('keep', 'clicked_again'),
    login_claimed: cell('keep', 'claimed_again'),
  },
  remembered: {
    login_verified: cell('raise', 'signed_login_again'),
    email_click: cell('keep', 'clicked_again'),
    login_claimed: cell('keep', 'claimed_again'),
  },
  verified: {
    login_verified: cell('keep', 'signed_login_again'),
    email_click: cell('keep', 'clicked_again'),
    login_claimed: cell('keep', 'claimed_again'),
  },
}
