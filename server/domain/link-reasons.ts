/**
 * What the reason codes of links mean, in one plain sentence each, for whoever asks why. A rule can only write a code
 * that has a row here. "The contact" is whom the link is about.
 */

/** Why a link was made, refused or held. */
export const REASONS = {
  signed_login: 'The shop’s server signed that the contact logged in on this browser.',
  signed_login_again: 'The contact was linked already and logged in again, signed by the shop’s server.',
  signed_login_over_claimed: 'A signed login counts more than the unsigned one that was here before.',
  signed_login_over_click: 'A signed login counts more than the mail click of somebody else before it.',
  signed_login_over_remembered: 'The contact logged in after somebody else’s signed login was over.',
  signed_login_of_another: 'The contact logged in while somebody else was still logged in here.',
  first_click: 'The contact followed the link of a mail that was sent to them, and moved on the page.',
  clicked_again: 'The contact was linked already and followed a mail’s link again.',
  click_over_claimed: 'A click in the contact’s mail counts more than the unsigned login before it.',
  click_of_another: 'The contact followed a link in a mail to them where somebody else had followed one before.',
  click_over_remembered: 'The contact followed a link in a mail to them after somebody else’s signed login was over.',
  possible_duplicate:
    'A mail of the contact was clicked while somebody else was logged in: it may be one person with two records.',
  unsigned_login: 'The page said who logged in, without a signature; that is noted and gives nothing to the contact.',
  trusted_unsigned_login: 'The page said who logged in, and the site’s settings trust that without a signature.',
  claimed_again: 'The contact was linked already and the page named them again, without a signature.',
  claimed_by_another: 'The page named the contact, without a signature, where it had named somebody else before.',
  claimed_after_click: 'The page named the contact, without a signature, where a mail click was somebody else’s.',
  claimed_after_remembered: 'The page named the contact, without a signature, after somebody else’s login was over.',
  unsigned_over_verified: 'A login without a signature never replaces a signed one of somebody else.',
  typed_in_form:
    'The contact’s address was typed into a form: that gives them the cart or order it came with, no more.',
  typed_again: 'The contact’s address was typed into a form where they were known already.',
  typed_by_another: 'The contact’s address was typed into a form where somebody else’s had been typed before.',
  typed_address_trusted: 'The contact’s address was typed into a form, and the site’s settings trust that as a click.',
  signed_login_over_typed: 'A signed login counts more than the address that was typed into a form before it.',
  click_over_typed: 'A click in the contact’s mail counts more than the address that was typed into a form before it.',
  claimed_over_typed:
    'The page named the contact, without a signature, after somebody else’s address was typed into a form.',
  identity_withdrawn:
    'The visitor took back the consent to be recognised, so nothing before that, or until it is given again, may be linked.',
  ambiguous: 'One request named two contacts with equal evidence, so neither can be believed.',
  ambiguous_identifier: 'More than one contact has this address, so it names nobody.',
  not_in_crm: 'No contact of the CRM has this identifier yet, or it was imported too late for this evidence.',
  erased: 'The contact was erased and is not linked again.',
  minor: 'The contact is a minor, and minors are not linked.',
  token_reused: 'This login’s token was used on another browser before; one token serves one browser.',
  token_expired: 'The mail’s link was followed more than 30 days after it was made; it works on as a plain link.',
  token_revoked: 'The mail’s link was revoked before it was followed; it works on as a plain link.',
  forwarded: 'The mail’s link was followed on three other browsers before, so it has been passed around.',
  too_many_visitors: 'Too many new browsers named this contact in a short time; somebody has to look at it.',
  confirmed_by_operator: 'Somebody of the shop looked at the link and confirmed it.',
  voided_by_operator: 'Somebody of the shop looked at the link and declared it an error.',
} satisfies Record<string, string>

/** The code of why a link was made, refused or held. */
export type Reason = keyof typeof REASONS

/** Why a link ended, or was found to be an error. */
export const END_REASONS = {
  logout: 'The visitor logged out.',
  session_over:
    'The browser is shared, or the mail was passed around or goes to two contacts, so the link ended with the visit.',
  proof_expired: 'For as long as the site’s settings allow, nothing showed that this was still the contact.',
  forwarded_mail: 'Somebody else signed in during the same visit: the mail had been forwarded to them.',
  forwarded_token: 'The mail’s link was used on another browser too, and somebody else signed in on this one.',
  signed_login: 'Somebody else logged in, signed by the shop’s server.',
  signed_login_over_claimed: 'Somebody else logged in, signed by the shop’s server.',
  signed_login_over_click: 'Somebody else logged in, signed by the shop’s server.',
  signed_login_over_remembered: 'Somebody else logged in, signed by the shop’s server.',
  signed_login_of_another: 'Somebody else logged in, signed by the shop’s server.',
  first_click: 'Somebody else followed a link in a mail to them here.',
  click_over_claimed: 'Somebody else followed a link in a mail to them here.',
  click_of_another: 'Somebody else followed a link in a mail to them here.',
  click_over_remembered: 'Somebody else followed a link in a mail to them here.',
  unsigned_login: 'The page named somebody else, without a signature.',
  trusted_unsigned_login: 'The page said that somebody else logged in, and the site’s settings trust that.',
  claimed_by_another: 'The page named somebody else, without a signature.',
  claimed_after_click: 'The page named somebody else, without a signature.',
  claimed_after_remembered: 'The page named somebody else, without a signature.',
  proven: 'Better evidence proved the contact, and made the link that took the place of this one.',
  typed_by_another: 'Somebody else’s address was typed into a form.',
  typed_in_form: 'Somebody else’s address was typed into a form.',
  typed_address_trusted: 'Somebody else’s address was typed into a form, and the site’s settings trust that.',
  confirmed_by_operator: 'Somebody of the shop confirmed a link of somebody else.',
  signed_login_over_typed: 'Somebody else logged in, signed by the shop’s server, so the typed address was not theirs.',
  click_over_typed: 'Somebody else followed a link in a mail to them here.',
  claimed_over_typed: 'The page named somebody else, without a signature.',
  identity_withdrawn: 'The visitor took back the consent to be recognised.',
  voided_by_operator: 'Somebody of the shop declared it an error.',
} satisfies Record<string, string>

/** The code of why a link ended, or was found to be an error. */
export type EndReason = keyof typeof END_REASONS

/** A code's sentence; a code that no rule of this version writes is told as it is. */
export function sentenceOf(table: Record<string, string>, code: string): string {
  return Object.hasOwn(table, code) ? table[code]! : `The reason is called “${code}”.`
}
