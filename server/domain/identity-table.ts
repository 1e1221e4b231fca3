/**
 * The decision table: what a claim does, by the state of the visitor. It is data, so that a product person can read it
 * and a test can show it cell by cell. Each cell has one reason code, which a link or refusal keeps for good.
 *
 * What holds in every state has no cell: a shared device limits every link to its session, nothing is stored without
 * identity consent, and claims about contacts that are erased, unknown or named by a blocked identifier are refused or
 * held before.
 */
import type { Evidence } from './event.ts'
import type { EndReason, Reason } from './link-reasons.ts'

/** How certain a link is. `claimed` owns nothing: no past, cart, segment or feed. `typed` owns nothing either. */
export const STRENGTHS = ['verified', 'confirmed', 'claimed', 'typed'] as const

/** How sure a link is. */
export type Strength = (typeof STRENGTHS)[number]

/**
 * A visitor's state when a claim arrives: the strength of the open link; `remembered` is verified with its session
 * over; `typed` is an address typed into a form and nothing better.
 */
export type State = 'none' | Strength | 'remembered'

/**
 * - `link`: the epoch gets its owner. `provisional`: recorded, owns nothing. `cart`: recorded, and the cart it came with
 *   notes whose address it carries.
 * - `raise`: the same contact, with better evidence. `keep`: the same contact, seen again.
 * - `supersede`: the old link closes and a new epoch opens with this owner. `replace`: the same, but provisional.
 * - `refuse`, `review`: nothing changes; the latter is listed for an operator.
 */
export type Action = Making | 'raise' | 'keep' | 'refuse' | 'review'

/** The actions that make a link. The link that was open before may end by them, for the same reason. */
type Making = 'link' | 'provisional' | 'cart' | 'supersede' | 'replace'

/** Why something is done: what makes a link has a sentence for the link that it ends, too. */
type ReasonFor<A extends Action> = A extends Making ? Reason & EndReason : Reason

/** What to do, and the code of the reason. */
export type Cell = { [A in Action]: { action: A; reason: ReasonFor<A> } }[Action]

const cell = <A extends Action>(action: A, reason: ReasonFor<A>) => ({ action, reason })

/** A claim about a contact other than the open link's. */
export const ANOTHER: Record<State, Record<Evidence, Cell>> = {
  none: {
    login_verified: cell('link', 'signed_login'),
    email_click: cell('link', 'first_click'),
    login_claimed: cell('provisional', 'unsigned_login'),
    form_email: cell('cart', 'typed_in_form'),
  },
  typed: {
    login_verified: cell('link', 'signed_login_over_typed'),
    email_click: cell('supersede', 'click_over_typed'),
    login_claimed: cell('replace', 'claimed_over_typed'),
    form_email: cell('cart', 'typed_by_another'),
  },
  claimed: {
    login_verified: cell('supersede', 'signed_login_over_claimed'),
    email_click: cell('supersede', 'click_over_claimed'),
    login_claimed: cell('replace', 'claimed_by_another'),
    form_email: cell('cart', 'typed_in_form'),
  },
  confirmed: {
    login_verified: cell('supersede', 'signed_login_over_click'),
    email_click: cell('supersede', 'click_of_another'),
    login_claimed: cell('replace', 'claimed_after_click'),
    form_email: cell('cart', 'typed_in_form'),
  },
  remembered: {
    login_verified: cell('supersede', 'signed_login_over_remembered'),
    email_click: cell('supersede', 'click_over_remembered'),
    login_claimed: cell('replace', 'claimed_after_remembered'),
    form_email: cell('cart', 'typed_in_form'),
  },
  verified: {
    login_verified: cell('supersede', 'signed_login_of_another'),
    email_click: cell('review', 'possible_duplicate'),
    login_claimed: cell('refuse', 'unsigned_over_verified'),
    form_email: cell('cart', 'typed_in_form'),
  },
}

/** A claim about the open link's contact. */
export const SAME: Record<Exclude<State, 'none'>, Record<Evidence, Cell>> = {
  typed: {
    login_verified: cell('link', 'signed_login'),
    email_click: cell('link', 'first_click'),
    login_claimed: cell('keep', 'claimed_again'),
    form_email: cell('keep', 'typed_again'),
  },
  claimed: {
    login_verified: cell('raise', 'signed_login'),
    email_click: cell('raise', 'first_click'),
    login_claimed: cell('keep', 'claimed_again'),
    form_email: cell('keep', 'typed_again'),
  },
  confirmed: {
    login_verified: cell('raise', 'signed_login'),
    email_click: cell('keep', 'clicked_again'),
    login_claimed: cell('keep', 'claimed_again'),
    form_email: cell('keep', 'typed_again'),
  },
  remembered: {
    login_verified: cell('raise', 'signed_login_again'),
    email_click: cell('keep', 'clicked_again'),
    login_claimed: cell('keep', 'claimed_again'),
    form_email: cell('keep', 'typed_again'),
  },
  verified: {
    login_verified: cell('keep', 'signed_login_again'),
    email_click: cell('keep', 'clicked_again'),
    login_claimed: cell('keep', 'claimed_again'),
    form_email: cell('keep', 'typed_again'),
  },
}
