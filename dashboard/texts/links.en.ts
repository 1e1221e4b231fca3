/**
 * Why a visit is attributed to a customer or not, in English: a sentence for every reason code of the server. A
 * code of a newer server is shown as it is until the page is loaded again.
 */
import type { ContactLink } from '../api.ts'

/** The texts about links. */
export const linksEn = {
  title: 'How we know',
  lead: 'Every decision that links a browser to this customer, with its reason.',
  none: 'No browser is linked to this customer yet.',
  noneHint:
    'A signed login, or a click on a personal newsletter link, with consent to recognition, creates the first link.',
  strength: {
    verified: 'Verified',
    confirmed: 'Confirmed',
    claimed: 'Claimed only',
    typed: 'Entered only',
  } satisfies Record<ContactLink['strength'], string>,
  state: {
    open: 'Active',
    closed: 'Ended',
    void: 'Void',
    refused: 'Refused',
    held: 'Waiting',
    review: 'To be reviewed',
  } satisfies Record<ContactLink['state'], string>,
  since: 'Linked since',
  claimedAt: 'Claimed',
  reach: 'Reaches back to',
  reachesNotBack: 'Nothing before that moment',
  ownsNothing: 'Nothing: a claim without proof attributes no visits',
  until: 'Ended',
  expires: 'Valid until',
  expiresHint: 'unless new proof arrives',
  thisVisit: 'The end of this visit, because the device is shared',
  on: 'On',
  proofs: (count: number, n: (value: number) => string) =>
    count === 1 ? 'Proof in detail' : `${n(count)} proofs in detail`,
  older: (count: number, n: (value: number) => string) => `${n(count)} older`,
  without: (count: number, n: (value: number) => string) =>
    count === 1 ? '1 refused or void claim' : `${n(count)} refused or void claims`,
  code: 'Support code',

  reason: {
    signed_login: 'The customer signed in, and the shop’s own server vouched for it.',
    signed_login_again: 'The customer signed in again, and the shop’s own server vouched for it.',
    first_click: 'A personal link from a newsletter was opened here, and somebody then used the page.',
    clicked_again: 'Another personal link of this customer was opened here.',
    unsigned_login: 'The page reported that this customer signed in, without a signature from the shop’s server.',
    claimed_again: 'The page named this customer again, without proof.',
    trusted_unsigned_login: 'The page named this customer; the site is set to trust logins without a signature.',
    signed_login_over_claimed: 'The customer signed in with proof, after the page had only claimed somebody else.',
    click_over_claimed: 'A personal newsletter link was opened, after the page had only claimed somebody else.',
    claimed_by_another: 'The page named this customer without proof, after it had named somebody else the same way.',
    signed_login_over_click:
      'The customer signed in with proof, after a newsletter click had pointed to somebody else.',
    click_of_another: 'A newsletter link of this customer was opened, after somebody else’s had been.',
    claimed_after_click: 'The page named this customer without proof, after somebody else’s newsletter click.',
    signed_login_over_remembered: 'The customer signed in with proof on a browser that somebody else had used before.',
    click_over_remembered:
      'A newsletter link of this customer was opened on a browser where somebody else had signed in earlier.',
    claimed_after_remembered: 'The page named this customer without proof; somebody else had signed in here earlier.',
    signed_login_of_another: 'The customer signed in with proof while somebody else was still signed in.',
    possible_duplicate:
      'A newsletter link of this customer was opened on a browser where somebody else has signed in. The two may be one person with two records.',
    unsigned_over_verified:
      'The page named this customer without proof while somebody else was signed in with proof. Proof prevails.',
    identity_withdrawn:
      'Consent to recognition was withdrawn, so earlier claims, and any made before it is given again, do not count.',
    ambiguous_identifier: 'The address belongs to more than one customer, so it does not identify anybody.',
    ambiguous: 'Two customers were named at the same time with equal proof, so neither counts.',
    not_in_crm: 'The person named is not among the imported customers, or was imported too late.',
    erased: 'The customer’s data were erased and must not be restored.',
    minor: 'The customer is a minor.',
    token_reused: 'The signed statement of this login had already been used in another browser.',
    token_expired: 'The newsletter link was more than 30 days old. It still leads to the page, but proves nothing.',
    token_revoked: 'The newsletter link had been revoked. It still leads to the page, but proves nothing.',
    too_many_visitors: 'Too many new browsers named this customer in a short time; please review.',
    confirmed_by_operator: 'Somebody at the shop reviewed it and confirmed it.',
    voided_by_operator: 'Somebody at the shop reviewed it and marked it as an error.',
    typed_in_form:
      'This customer’s address was entered into a form. Anybody can do that, so nothing here belongs to the customer.',
    typed_again: 'The address of this known customer was entered into a form.',
    typed_by_another: 'This customer’s address was entered into a form, after somebody else’s.',
    signed_login_over_typed: 'The customer signed in with proof, after an address had only been entered into a form.',
    click_over_typed: 'A personal newsletter link was opened, after an address had only been entered into a form.',
    claimed_over_typed: 'The page named this customer without proof, after somebody else’s address was entered.',
    forwarded: 'The newsletter link was passed around: three browsers or more have used it.',
  } satisfies Record<ContactLink['reason'], string>,
  end: {
    logout: 'Ended when the customer signed out.',
    session_over: 'It was valid for that visit only.',
    proof_expired: 'Ended because there was no new proof for too long.',
    forwarded_mail:
      'This was an error: the newsletter was forwarded, and somebody else opened it and then identified themselves.',
    forwarded_token:
      'This was an error: the same newsletter link was used in other browsers, and somebody else then signed in here.',
    voided_by_operator: 'Somebody at the shop marked it as an error.',
    identity_withdrawn: 'Ended because consent to recognition was withdrawn.',
    signed_login: 'Ended when somebody else signed in with proof.',
    signed_login_over_claimed: 'Ended when somebody else signed in with proof.',
    signed_login_over_click: 'Ended when somebody else signed in with proof.',
    signed_login_over_remembered: 'Ended when somebody else signed in with proof.',
    signed_login_of_another: 'Ended when somebody else signed in with proof.',
    first_click: 'Ended when somebody else’s newsletter link was opened here.',
    click_over_claimed: 'Ended when somebody else’s newsletter link was opened here.',
    click_of_another: 'Ended when somebody else’s newsletter link was opened here.',
    click_over_remembered: 'Ended when somebody else’s newsletter link was opened here.',
    unsigned_login: 'Ended when the page named somebody else.',
    claimed_by_another: 'Ended when the page named somebody else.',
    claimed_after_click: 'Ended when the page named somebody else.',
    claimed_after_remembered: 'Ended when the page named somebody else.',
    proven: 'The customer was then identified by proof, which replaced this link.',
    signed_login_over_typed: 'This was an error: somebody else signed in with proof.',
    click_over_typed: 'Ended when somebody else’s newsletter link was opened here.',
    claimed_over_typed: 'Ended when the page named somebody else.',
    typed_in_form: 'Ended when somebody else’s address was entered into a form.',
    typed_by_another: 'Ended when somebody else’s address was entered into a form.',
    confirmed_by_operator: 'Ended because somebody at the shop confirmed that somebody else was here.',
    trusted_unsigned_login: 'Ended when the page named somebody else; the site is set to trust such logins.',
  } satisfies Record<NonNullable<ContactLink['end_reason']>, string>,
}
