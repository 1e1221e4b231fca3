/**
 * How often things happen in the town, each with its reason. The rates are our estimate for a mid-sized shop whose
 * customers have accounts. `docs/simulation.md` shows the same table, which a test compares, and says which rates were
 * changed after figures were seen.
 */

const rate = (value: number, why: string) => ({ value, why })

/** Every rate of a usual town. Probabilities unless the name says otherwise. */
export const RATES = {
  customer_household: rate(0.45, 'one adult is a customer; a shop sees about as many customers as strangers'),
  other_adult_is_customer: rate(0.25, 'in such a household: most couples keep one account'),
  others_come: rate(0.25, 'of the others in such a household, to this shop by themselves at all'),
  strangers_come: rate(0.5, 'of people where nobody is a customer'),
  contact_visits_a_week: rate(1.2, 'customers of a shop with accounts come every few days to fortnightly'),
  stranger_visits_a_week: rate(0.5, 'strangers come once or twice and go'),
  couple_shares_address: rate(0.06, 'CRMs know a few percent of addresses twice'),
  late_contact: rate(0.08, 'new accounts reach the CRM by a nightly or weekly file, 1 to 10 days later'),
  laptop: rate(0.6, 'adults with a computer of their own'),
  family_computer: rate(0.15, 'households of two and more with one computer and one login on it'),
  visit_on_family_computer: rate(0.3, 'of the visits of members who have it'),
  visit_on_borrowed_device: rate(0.01, 'somebody takes the phone or laptop of another of the household'),
  next_at_once: rate(0, 'another of the household sits down at the family computer within minutes'),
  visit_at_kiosk: rate(0.01, 'the one tablet in the showroom, whose cookies nobody clears'),
  private_window: rate(0.05, 'of visits'),
  cookies_cleared: rate(0.02, 'before a visit: by hand, by a cleaner or by the browser itself'),
  consent_analytics: rate(0.65, 'of browsers; the others are not seen at all'),
  consent_identity: rate(0.75, 'of browsers with analytics, at the first banner'),
  consent_identity_late: rate(0.15, 'at each later visit of those who said no to it'),
  withdraw_identity: rate(0.005, 'at each visit, by the link in the foot'),
  withdraw_all: rate(0.0025, 'at each visit: analytics too, and the browser is forgotten'),
  login: rate(0.3, 'of the visits of customers who are not signed in'),
  login_unsigned: rate(0.06, "of logins, by an old form of the shop's that signs nothing"),
  logout_own: rate(0.04, 'few sign out of their own phone or laptop'),
  logout_family: rate(0.4, 'of visits on a family computer or a borrowed device that ended signed in'),
  logout_kiosk: rate(0.85, 'a sign says so'),
  notices_other: rate(0.5, 'who finds another signed in, has an account and signs him out'),
  newsletter: rate(0.7, 'of customers; two mails a week'),
  click: rate(0.04, 'of mails, by the reader'),
  bounce: rate(0.1, 'of clicks: gone before moving on the page'),
  forward: rate(0.004, 'of mails; one in ten clicks'),
  friend_clicks: rate(0.4, 'of forwarded mails, on the device of the friend'),
  passed_on: rate(0, 'of friends who follow a forwarded mail: they send it on to another, and so on'),
  gateway: rate(0.2, 'of customers: their mail server fetches every link within a minute'),
  scanner: rate(0.02, 'of customers: their mail server runs the page and its script too, as a bot'),
  attack_claims_of_contacts: rate(0.3, 'an intruder tries the ids of so many customers from a console, unsigned'),
  stolen_browsers: rate(0.01, 'of browsers: the intruder has the id, and claims that they are somebody else'),
} as const

/** The rates of a harsh town where they differ: homes share devices, forget to sign out and pass mails around. */
export const HARSH: { [Name in keyof typeof RATES]?: { value: number; why: string } } = {
  other_adult_is_customer: rate(0.4, 'many couples keep two accounts'),
  couple_shares_address: rate(0.1, 'and read one mailbox'),
  family_computer: rate(0.35, 'a third of the homes of two and more'),
  visit_on_family_computer: rate(0.4, 'and it is used much'),
  next_at_once: rate(0.15, 'one orders something, and another is called to look'),
  visit_on_borrowed_device: rate(0.02, 'phones are lent'),
  visit_at_kiosk: rate(0.02, 'a busy showroom'),
  logout_family: rate(0.3, 'fewer sign out'),
  forward: rate(0.008, 'a shop that people talk about'),
  passed_on: rate(0.4, 'offers travel through groups'),
}

/** The values alone. */
export type Rates = { [Name in keyof typeof RATES]: number }

/** The rates of a usual or a harsh town. */
export function ratesOf(harsh: boolean): Rates {
  const rates = harsh ? { ...RATES, ...HARSH } : RATES
  return Object.fromEntries(Object.entries(rates).map(([name, { value }]) => [name, value])) as Rates
}
