/**
 * Why a visit counts as a customer's, or does not, in English: a sentence for each code that the server gives a
 * decision. A code that is missing here is shown as it is.
 */

/** The sentences about links. */
export const linksEn = {
  title: 'How we know',
  lead: 'Each decision that ties a browser to this customer, with its reason.',
  none: 'Nothing ties a browser to this customer yet.',
  noneHint:
    'A signed login, or a click in a personal newsletter link, with consent to recognition, makes the first link.',
  strength: { verified: 'Verified', confirmed: 'Confirmed', claimed: 'Claimed only', typed: 'Typed only' },
  state: {
    open: 'In force',
    closed: 'Ended',
    void: 'Void',
    refused: 'Refused',
    held: 'Waiting',
    review: 'To be reviewed',
  },
  since: 'Linked since',
  claimedAt: 'Claimed',
  reach: 'Reaches back to',
  reachesNotBack: 'Nothing before that moment',
  ownsNothing: 'Nothing: a claim without proof gives no visit to anybody',
  until: 'Ended',
  expires: 'Lasts until',
  expiresHint: 'unless a new proof comes',
  thisVisit: 'The end of this visit, because the device is shared',
  on: 'On',
  proofs: (count: number, n: (value: number) => string) =>
    count === 1 ? 'The proof in detail' : `The ${n(count)} proofs in detail`,
  older: (count: number, n: (value: number) => string) => `${n(count)} older`,
  without: (count: number, n: (value: number) => string) =>
    count === 1 ? 'One refused or void claim' : `${n(count)} refused or void claims`,
  code: 'Code for support',

  reason: {
    signed_login: 'The customer signed in, and the shop’s own server vouched for it.',
    signed_login_again: 'The customer signed in again, and the shop’s own server vouched for it.',
    first_click: 'A personal link from a newsletter was opened here, and somebody then used the page.',
    clicked_again: 'Another personal link of this customer was opened here.',
    unsigned_login: 'The page said that this customer signed in, without a signature from the shop’s server.',
    claimed_again: 'The page named this customer again, without proof.',
    trusted_unsigned_login: 'The page named this customer; the site is set to trust logins without a signature.',
    signed_login_over_claimed: 'The customer signed in with proof where the page had only claimed somebody else.',
    click_over_claimed: 'A personal newsletter link was opened where the page had only claimed somebody else.',
    claimed_by_another: 'The page named this customer without proof, after it had so named somebody else.',
    signed_login_over_click:
      'The customer signed in with proof, where a newsletter click had pointed to somebody else.',
    click_of_another: 'A newsletter link of this customer was opened after one of somebody else.',
    claimed_after_click: 'The page named this customer without proof, after a newsletter click of somebody else.',
    signed_login_over_remembered: 'The customer signed in with proof on a browser where somebody else had been before.',
    click_over_remembered:
      'A newsletter link of this customer was opened on a browser where somebody else had signed in earlier.',
    claimed_after_remembered: 'The page named this customer without proof; somebody else had signed in here earlier.',
    signed_login_of_another: 'The customer signed in with proof while somebody else was still signed in.',
    possible_duplicate:
      'A newsletter link of this customer was opened while somebody else was signed in. Perhaps the two are one person, known twice.',
    unsigned_over_verified:
      'The page named this customer without proof while somebody else was signed in with proof. Proof counts more.',
    identity_withdrawn:
      'Consent to recognition was withdrawn, so what was known before it, or said until it is given again, does not count.',
    ambiguous_identifier: 'The address belongs to more than one customer, so it points to nobody.',
    ambiguous: 'Two customers were named at the same time with the same proof, so neither counts.',
    not_in_crm: 'The person named is not among the imported customers, or was imported too late.',
    erased: 'The customer’s data were erased; nothing may bring them back.',
    minor: 'The customer is a minor.',
    token_reused: 'The signed statement of this login had already been used in another browser.',
    token_expired: 'The newsletter link was more than 30 days old. It still leads to the page, but proves nothing.',
    token_revoked: 'The newsletter link had been revoked. It still leads to the page, but proves nothing.',
    too_many_visitors: 'Too many new browsers named this customer in a short time; somebody has to look at it.',
    confirmed_by_operator: 'Somebody of the shop looked at it and said that it is right.',
    voided_by_operator: 'Somebody of the shop looked at it and said that it is an error.',
    typed_in_form:
      'The address of this customer was typed into a form: the cart or order it came with is the customer’s.',
    typed_again: 'The address of this known customer was typed into a form.',
    typed_by_another: 'The address of this customer was typed into a form, after that of somebody else.',
    typed_address_trusted: 'The address of this customer was typed into a form; the site is set to trust that.',
    signed_login_over_typed: 'The customer signed in with proof where only an address had been typed into a form.',
    click_over_typed: 'A personal newsletter link was opened where only an address had been typed into a form.',
    claimed_over_typed: 'The page named this customer without proof, after the address of somebody else was typed.',
    forwarded: 'The newsletter link was passed around: several other browsers had used it before.',
  },
  end: {
    logout: 'It ended when the customer signed out.',
    session_over: 'It held for that one visit only.',
    proof_expired: 'It ended because no new proof came for too long.',
    forwarded_mail:
      'It was an error: the newsletter was forwarded, and somebody else opened it and then showed who they are.',
    forwarded_token:
      'It was an error: the same newsletter link was used in other browsers, and somebody else then signed in here.',
    voided_by_operator: 'Somebody of the shop said that it was an error.',
    identity_withdrawn: 'It ended because consent to recognition was withdrawn.',
    signed_login_over_claimed: 'It ended when somebody else signed in with proof.',
    signed_login_over_click: 'It ended when somebody else signed in with proof.',
    signed_login_over_remembered: 'It ended when somebody else signed in with proof.',
    signed_login_of_another: 'It ended when somebody else signed in with proof.',
    click_over_claimed: 'It ended when somebody else’s newsletter link was opened here.',
    click_of_another: 'It ended when somebody else’s newsletter link was opened here.',
    click_over_remembered: 'It ended when somebody else’s newsletter link was opened here.',
    claimed_by_another: 'It ended when the page named somebody else.',
    claimed_after_click: 'It ended when the page named somebody else.',
    claimed_after_remembered: 'It ended when the page named somebody else.',
    proven: 'The customer then proved who they are, and that took its place.',
    signed_login_over_typed: 'It was an error: somebody else signed in with proof.',
    click_over_typed: 'It ended when somebody else’s newsletter link was opened here.',
    claimed_over_typed: 'It ended when the page named somebody else.',
    typed_by_another: 'It ended when the address of somebody else was typed into a form.',
    typed_address_trusted: 'It ended when the address of somebody else was typed into a form; the site trusts that.',
    confirmed_by_operator: 'It ended because somebody of the shop confirmed that somebody else was here.',
    trusted_unsigned_login: 'It ended when the page named somebody else; the site is set to trust such logins.',
  },
}
