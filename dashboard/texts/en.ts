/**
 * All texts of the dashboard in English, which also define the shape of every other language. A text that depends on a
 * number is a function of the number and of `n`, which formats numbers for the reader's country.
 */
import { accountEn } from './account.en.ts'
import { contactEn } from './contact.en.ts'
import { importEn } from './import.en.ts'
import { linksEn } from './links.en.ts'
import { reviewEn } from './review.en.ts'

type Write = (value: number) => string
type Part = { count: number; of: number }

/** The English texts. */
export const en = {
  appName: 'Couture',
  skip: 'Skip to content',
  nav: 'Pages',
  language: 'Language',
  signOut: 'Sign out',
  retry: 'Try again',
  loading: 'Loading…',
  newTab: '(opens in a new tab)',
  none: '–',

  signIn: 'Sign in',
  signInLead: 'Visits sewn to the customers you already know, with their consent.',
  userName: 'Name',
  nameMissing: 'Please enter your name.',
  password: 'Password',
  passwordHint: 'The first password was shown where Couture was started. Owners can replace a lost one.',
  signInRefused: 'There is no user with this name and this password.',
  signInTooMany: 'Too many wrong passwords from here. Please wait a few seconds.',
  passwordMissing: 'Please enter the password.',
  signingIn: 'Signing in…',
  sessionEnded: 'Your session has expired. Sign in to pick up where you left off.',

  unreachable: 'The server is unreachable. Please check your connection.',
  failed: (detail: string) => `The server could not process the request: ${detail}`,
  notRefreshed: 'Refresh failed. Trying again.',
  updated: (seconds: number, n: Write) => (seconds < 1 ? 'Updated just now' : `Updated ${n(seconds)} s ago`),
  justNow: 'just now',

  overview: 'Overview',
  period: 'Period',
  periodDays: (days: number, n: Write) => `${n(days)} days`,
  between: (from: string, to: string) => `${from} to ${to}, days in UTC`,

  missingConsent: 'Consent is missing',
  missingConsentSentence: ({ count, of }: Part, n: Write) =>
    `${n(count)} of ${n(of)} events of the last hour had no consent.`,
  missingConsentAdvice: (site: string, door: string) =>
    `They came to the site ${site} by ${door}, and none of them was kept. Ask whoever connected the shop to send the visitor’s choice with every event; docs/consent.md#missing-consent says how.`,
  doors: { tag: 'the tag', api: 'servers with a key', segment: 'Segment’s API' },

  matchRate: 'Match rate',
  matchSentence: ({ count, of }: Part, n: Write) =>
    of === 0
      ? 'No visitor has allowed recognition in this period yet.'
      : `${n(count)} of ${n(of)} ${of === 1 ? 'visitor' : 'visitors'} who allowed recognition ${count === 1 ? 'is a known customer' : 'are known customers'}.`,
  audience: 'Visitors and consent',
  visitors: 'Visitors',
  visitorsHint: 'with consent to analytics',
  identityRate: 'Allowed recognition',
  marketingRate: 'Allowed marketing',
  ofVisitors: ({ count, of }: Part, n: Write) =>
    of === 0 ? 'no visitors yet' : `${n(count)} of ${n(of)} ${of === 1 ? 'visitor' : 'visitors'}`,
  withdrawals: 'Withdrew consent',

  carts: 'Carts',
  cartsOpen: 'Open',
  cartsOpenHint: 'currently being filled',
  cartsAbandoned: 'Abandoned',
  cartsAbandonedHint: 'left within the last seven days',
  mailableNow: 'Can be mailed now',
  cartsRecovered: 'Recovered',
  cartsRecoveredHint: 'abandoned, then purchased',
  recoveredByLink: 'By a link in an e-mail',
  boughtAnyway: 'Bought anyway',
  unknownValue: (count: number, n: Write) => `and ${n(count)} of unknown value`,
  seeWho: 'See whose they are',

  byDay: 'By day',
  known: 'Known customers',
  chartSummary: (visitors: number, known: number, best: string, most: number, n: Write) =>
    visitors === 0
      ? 'Bar chart of visitors by day: no visitors in this period.'
      : `Bar chart of visitors by day: ${n(visitors)} in the period, ${n(known)} of them known customers. Busiest day: ${best}, with ${n(most)}.`,
  chartReadout: (day: string, visitors: number, known: number, n: Write) =>
    `${day}: ${n(visitors)} ${visitors === 1 ? 'visitor' : 'visitors'}, ${n(known)} known`,
  chartTable: 'Show these figures as a table',
  chartTableCaption: 'Visitors and known customers by day',
  date: 'Date',

  abandonedCarts: 'Abandoned carts',
  abandonedLead:
    'Carts left untouched, for up to seven days. The site’s settings define when a cart counts as abandoned.',
  show: 'Show',
  everyone: 'Everyone',
  customers: 'Known customers',
  anonymous: 'Anonymous',
  loaded: (shown: number, loaded: number, more: boolean, n: Write) => {
    const all = more ? 'loaded so far' : 'in total'
    return shown === loaded ? `${n(loaded)} ${all}` : `${n(shown)} of ${n(loaded)} ${all}`
  },
  loadMore: 'Load more',
  loadingMore: 'Loading more…',
  cartsCaption: 'People with an abandoned cart',
  who: 'Customer',
  what: 'Items',
  value: 'Value',
  since: 'Since',
  evidence: 'How we know',
  mail: 'E-mail',

  anonymousVisitor: 'Anonymous visitor',
  customerId: (id: string) => `Customer ${id}`,
  visitorId: (id: string) => `Visitor ${id}`,
  itemsMore: (count: number, n: Write) => `and ${n(count)} more`,
  cartHidden: {
    no_mail_consent: 'Cart hidden: no mail permission',
    permission_unclear: 'Cart hidden: mail permission unclear',
    no_marketing_consent: 'Cart hidden: no marketing consent',
    not_a_contact: 'Cart hidden: not a known customer',
    minor: 'Cart hidden: the customer is a minor',
  },
  cartUnknown: 'No cart details',
  hidden: 'Hidden',
  mailable: 'Allowed',
  notMailable: {
    no_mail_consent: 'No permission',
    permission_unclear: 'Permission unclear: see the import',
    no_marketing_consent: 'No marketing consent',
    not_a_contact: 'Unknown address',
    minor: 'Never: a minor',
  },
  notMailableOther: 'Not allowed',

  strength: { verified: 'Verified', confirmed: 'Confirmed', typed: 'Entered only' },
  grade: {
    proven: 'proven on this visit',
    shared: 'on a shared browser',
    remembered: 'a later visit',
    before: 'an earlier visit',
    clicked: 'a single newsletter click',
    after_click: 'after a single newsletter click',
    cart: 'a cart from before the click',
  },
  notLinked: 'Not recognised yet',
  proof: {
    login_verified: { label: 'Signed login', short: 'The shop vouched for it.' },
    email_click: { label: 'Clicked a newsletter link', short: 'The link was sent to this customer.' },
    login_claimed: { label: 'Unsigned login', short: 'Stated by the page, without proof.' },
    form_email: { label: 'Entered an e-mail address', short: 'Entered into a form, without proof.' },
  },
  proofTitle: 'How a visit is linked to a customer',
  proofs: [
    {
      label: 'Verified',
      text: 'The customer signed in, and the shop’s own server signed a statement of who it was. This is the strongest evidence.',
    },
    {
      label: 'Confirmed',
      text: 'Somebody opened a personal newsletter link and then used the page. A link that was only fetched by a mail scanner does not count.',
    },
    {
      label: 'Entered only',
      text: 'Somebody entered this customer’s address into a form next to the cart. Anybody can do that, so the cart is not the customer’s; it is shown under the address only because the site’s settings allow reminders of such carts.',
    },
    {
      label: 'Not recognised yet',
      text: 'Nothing links this browser to a customer, or recognition was not allowed. The cart counts, but has no name.',
    },
  ],

  emptyTitle: 'No abandoned carts right now',
  emptyText:
    'When somebody fills a cart and leaves, it shows up here automatically: with a name if the visitor is a known customer, without one otherwise. It disappears once the cart is purchased, or after seven days.',
  emptyFilter: 'None of the loaded carts match this filter.',

  downloadCsv: 'Download CSV',
  account: accountEn,
  contact: contactEn,
  links: linksEn,
  imports: importEn,
  review: reviewEn,
}

/** The texts that a language must provide. */
export type Texts = typeof en
