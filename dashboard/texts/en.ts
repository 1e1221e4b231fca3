/**
 * Every sentence of the dashboard in English, and with it the shape that each other language must have. A text that
 * depends on a number is a function of the number and of `n`, which writes numbers as the reader's country does.
 */
import { contactEn } from './contact.en.ts'
import { importEn } from './import.en.ts'
import { linksEn } from './links.en.ts'
import { reviewEn } from './review.en.ts'

type Write = (value: number) => string
type Part = { count: number; of: number }

/** The English texts. */
export const en = {
  appName: 'Couture',
  skip: 'Skip to the content',
  nav: 'Pages',
  language: 'Language',
  signOut: 'Sign out',
  retry: 'Try again',
  loading: 'Loading…',
  newTab: '(opens in a new tab)',
  none: '–',

  signIn: 'Sign in',
  signInLead: 'Visits sewn to the customers you already know, with their consent.',
  password: 'Password',
  passwordHint: 'It is shown where Couture was started.',
  passwordMissing: 'Type the password first.',
  signingIn: 'Signing in…',
  sessionEnded: 'Your session has ended. Sign in to go on where you were.',

  unreachable: 'The server cannot be reached. Check the connection.',
  failed: (detail: string) => `The server could not answer: ${detail}`,
  notRefreshed: 'Not refreshed. Trying again.',
  updated: (seconds: number, n: Write) => (seconds < 1 ? 'Updated now' : `Updated ${n(seconds)} s ago`),
  justNow: 'just now',

  overview: 'Overview',
  period: 'Period',
  periodDays: (days: number, n: Write) => `${n(days)} days`,
  between: (from: string, to: string) => `${from} to ${to}, days in UTC`,

  matchRate: 'Match rate',
  matchSentence: ({ count, of }: Part, n: Write) =>
    of === 0
      ? 'No visitor has allowed recognition in this period yet.'
      : `${n(count)} of ${n(of)} ${of === 1 ? 'visitor' : 'visitors'} who allowed recognition ${count === 1 ? 'is a known customer' : 'are known customers'}.`,
  audience: 'Visitors and consent',
  visitors: 'Visitors',
  visitorsHint: 'who allowed measurement',
  identityRate: 'Allowed recognition',
  marketingRate: 'Allowed marketing',
  ofVisitors: ({ count, of }: Part, n: Write) =>
    of === 0 ? 'no visitor yet' : `${n(count)} of ${n(of)} ${of === 1 ? 'visitor' : 'visitors'}`,
  withdrawals: 'Withdrew consent',

  carts: 'Carts',
  cartsOpen: 'Open',
  cartsOpenHint: 'being filled now',
  cartsAbandoned: 'Abandoned',
  cartsAbandonedHint: 'left alone for a while',
  cartsRecovered: 'Recovered',
  cartsRecoveredHint: 'abandoned, then bought',
  seeWho: 'See who left them',

  byDay: 'Day by day',
  known: 'Known customers',
  chartSummary: (visitors: number, known: number, best: string, most: number, n: Write) =>
    visitors === 0
      ? 'Bar chart of visitors by day: no visitor in this period.'
      : `Bar chart of visitors by day: ${n(visitors)} in the period, ${n(known)} of them known customers. Busiest day: ${best}, with ${n(most)}.`,
  chartReadout: (day: string, visitors: number, known: number, n: Write) =>
    `${day}: ${n(visitors)} ${visitors === 1 ? 'visitor' : 'visitors'}, ${n(known)} known`,
  chartTable: 'The same figures as a table',
  chartTableCaption: 'Visitors and known customers by day',
  date: 'Date',

  abandonedCarts: 'Abandoned carts',
  abandonedLead:
    'Carts that were left alone, for no more than seven days. The site’s settings say after how long a cart counts.',
  show: 'Show',
  everyone: 'Everyone',
  customers: 'Known customers',
  anonymous: 'Anonymous',
  loaded: (shown: number, loaded: number, more: boolean, n: Write) => {
    const all = more ? 'loaded so far' : 'in all'
    return shown === loaded ? `${n(loaded)} ${all}` : `${n(shown)} of ${n(loaded)} ${all}`
  },
  loadMore: 'Load more',
  loadingMore: 'Loading more…',
  cartsCaption: 'People with an abandoned cart',
  who: 'Who',
  what: 'What',
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
    no_marketing_consent: 'Cart hidden: no marketing consent',
    not_a_contact: 'Cart hidden: not a known customer',
    minor: 'Cart hidden: the customer is a minor',
  },
  cartUnknown: 'No cart details',
  hidden: 'Hidden',
  mailable: 'Allowed',
  notMailable: {
    no_mail_consent: 'No permission',
    no_marketing_consent: 'No marketing consent',
    not_a_contact: 'Address not known',
    minor: 'Never: a minor',
  },
  notMailableOther: 'Not allowed',

  strength: { verified: 'Verified', confirmed: 'Confirmed' },
  notLinked: 'Not recognised yet',
  proof: {
    login_verified: { label: 'Signed login', short: 'The shop vouched for it.' },
    email_click: { label: 'Clicked a newsletter link', short: 'It was sent to this customer.' },
    login_claimed: { label: 'Unsigned login', short: 'The page said so, without proof.' },
    form_email: { label: 'Typed an e-mail address', short: 'Typed into a form, not proved.' },
  },
  proofTitle: 'How a visit is linked to a customer',
  proofs: [
    {
      label: 'Verified',
      text: 'The customer signed in, and the shop’s own server signed a statement of who it was. This is the strongest evidence.',
    },
    {
      label: 'Confirmed',
      text: 'Somebody opened a personal link from a newsletter and then used the page. A link that only a mail scanner fetched does not count.',
    },
    {
      label: 'Not recognised yet',
      text: 'Nothing links this browser to a customer, or recognition was not allowed. The cart is counted, without a name.',
    },
  ],

  emptyTitle: 'No abandoned cart right now',
  emptyText:
    'When somebody fills a cart and leaves it alone, it appears here by itself: with a name where the visitor is a known customer, without one otherwise. It goes when the cart is bought, or after seven days.',
  emptyFilter: 'Nobody among those loaded fits this choice.',

  downloadCsv: 'Download CSV',
  contact: contactEn,
  links: linksEn,
  imports: importEn,
  review: reviewEn,
}

/** What a language must offer. */
export type Texts = typeof en
