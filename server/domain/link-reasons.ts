/**
 * What the reason codes of links mean, in one plain sentence each. A rule can only write a code that has a row here.
 * "The contact" is the one that the link is about.
 */

/** Why a link was made, refused or held. */
export const REASONS = {
  signed_login: 'The shop’s server signed that the contact logged in on this browser.',
  signed_login_again: 'The contact was already linked and logged in again, signed by the shop’s server.',
  signed_login_over_claimed: 'A signed login outweighs the earlier unsigned one.',
  signed_login_over_click: 'A signed login outweighs somebody else’s earlier mail click.',
  signed_login_over_remembered: 'The contact logged in after somebody else’s signed login had ended.',
  signed_login_of_another: 'The contact logged in while somebody else was still logged in here.',
  first_click: 'The contact followed the link in a mail sent to them, and interacted with the page.',
  clicked_again: 'The contact was already linked and followed a mail link again.',
  click_over_claimed: 'A click in the contact’s mail outweighs the earlier unsigned login.',
  click_of_another: 'The contact followed a link in a mail sent to them, where somebody else had followed one before.',
  click_over_remembered:
    'The contact followed a link in a mail sent to them after somebody else’s signed login had ended.',
  possible_duplicate:
    'A link in the contact’s mail was clicked where somebody else logged in, and nothing else proves the contact there: this may be one person with two records.',
  unsigned_login: 'The page named who logged in, without a signature: this is recorded, but gives the contact nothing.',
  trusted_unsigned_login: 'The page named who logged in, and the site’s settings trust that without a signature.',
  claimed_again: 'The contact was already linked and the page named them again, without a signature.',
  claimed_by_another: 'The page named the contact, without a signature, where it had named somebody else before.',
  claimed_after_click: 'The page named the contact, without a signature, where somebody else had clicked in a mail.',
  claimed_after_remembered: 'The page named the contact, without a signature, after somebody else’s login had ended.',
  unsigned_over_verified: 'A login without a signature never replaces a signed one of somebody else.',
  typed_in_form:
    'The contact’s address was typed into a form, as anybody can do: this proves nothing, and gives them nothing.',
  typed_again: 'The contact’s address was typed into a form where they were already known.',
  typed_by_another: 'The contact’s address was typed into a form where somebody else’s had been typed before.',
  signed_login_over_typed: 'A signed login outweighs the address that was typed into a form before.',
  click_over_typed: 'A click in the contact’s mail outweighs the address that was typed into a form before.',
  claimed_over_typed:
    'The page named the contact, without a signature, after somebody else’s address was typed into a form.',
  identity_withdrawn:
    'The visitor withdrew consent to be recognised, so nothing before that, or until it is given again, may be linked.',
  ambiguous: 'One request named two contacts with equal evidence, so neither can be believed.',
  ambiguous_identifier: 'More than one contact has this address, so it names nobody.',
  not_in_crm: 'No contact of the CRM has this identifier yet, or it was imported too late for this evidence.',
  erased: 'The contact was erased and is not linked again.',
  minor: 'The contact is a minor, and minors are not linked.',
  token_reused: 'This login’s token was used on another browser before; one token serves one browser.',
  token_expired: 'The mail link was followed more than 30 days after it was made; it still works as a plain link.',
  token_revoked: 'The mail link was revoked before it was followed; it still works as a plain link.',
  forwarded:
    'The mail link was followed on three browsers or more, so it has been passed around, and nothing else proves the contact here.',
  too_many_visitors: 'Too many new browsers named this contact in a short time; somebody must review it.',
  confirmed_by_operator: 'Somebody at the shop reviewed the link and confirmed it.',
  voided_by_operator: 'Somebody at the shop reviewed the link and marked it as an error.',
} satisfies Record<string, string>

/** The code of why a link was made, refused or held. */
export type Reason = keyof typeof REASONS

/** Why a link ended, or was found to be an error. */
export const END_REASONS = {
  logout: 'The visitor logged out.',
  session_over:
    'The browser is shared, or the mail was passed around or goes to two contacts, so the link ended with the visit.',
  proof_expired: 'For as long as the site’s settings allow, there was no further sign of the contact.',
  forwarded_mail: 'Somebody else signed in during the same visit: the mail had been forwarded to them.',
  forwarded_token: 'The mail link was also used on another browser, and somebody else signed in on this one.',
  signed_login: 'Somebody else logged in, signed by the shop’s server.',
  signed_login_over_claimed: 'Somebody else logged in, signed by the shop’s server.',
  signed_login_over_click: 'Somebody else logged in, signed by the shop’s server.',
  signed_login_over_remembered: 'Somebody else logged in, signed by the shop’s server.',
  signed_login_of_another: 'Somebody else logged in, signed by the shop’s server.',
  first_click: 'Somebody else followed a link in a mail sent to them.',
  click_over_claimed: 'Somebody else followed a link in a mail sent to them.',
  click_of_another: 'Somebody else followed a link in a mail sent to them.',
  click_over_remembered: 'Somebody else followed a link in a mail sent to them.',
  unsigned_login: 'The page named somebody else, without a signature.',
  trusted_unsigned_login: 'The page named somebody else as logged in, and the site’s settings trust that.',
  claimed_by_another: 'The page named somebody else, without a signature.',
  claimed_after_click: 'The page named somebody else, without a signature.',
  claimed_after_remembered: 'The page named somebody else, without a signature.',
  proven: 'Better evidence proved the contact, and a stronger link replaced this one.',
  typed_by_another: 'Somebody else’s address was typed into a form.',
  typed_in_form: 'Somebody else’s address was typed into a form.',
  confirmed_by_operator: 'Somebody at the shop confirmed a link to somebody else.',
  signed_login_over_typed: 'Somebody else logged in, signed by the shop’s server, so the typed address was not theirs.',
  click_over_typed: 'Somebody else followed a link in a mail sent to them.',
  claimed_over_typed: 'The page named somebody else, without a signature.',
  identity_withdrawn: 'The visitor withdrew consent to be recognised.',
  voided_by_operator: 'Somebody at the shop marked it as an error.',
} satisfies Record<string, string>

/** The code of why a link ended, or was found to be an error. */
export type EndReason = keyof typeof END_REASONS

/** A code's sentence; a code that no rule of this version writes is shown as it is. */
export function sentenceOf(table: Record<string, string>, code: string): string {
  return (Object.hasOwn(table, code) ? table[code] : undefined) ?? `The reason is called “${code}”.`
}
