/** The texts about links that need review, in English. */
type Write = (value: number) => string

/** The texts of the review page and of the buttons on each link. */
export const reviewEn = {
  title: 'Review',
  waiting: 'to be reviewed',
  lead: 'Cases that the rules could not settle on their own. None of them is urgent, and every decision can be undone.',
  duplicates: 'Possible duplicates',
  duplicatesLead:
    'Another customer’s newsletter was opened on a browser where somebody has signed in. Choose “This is right” if the visit was this customer’s too. If the two are one person, merge them in the CRM.',
  frozen: 'Too many browsers',
  frozenLead:
    'More new browsers named these customers than one person is likely to have. New links wait until somebody has reviewed them.',
  forwarded: 'Forwarded newsletters',
  forwardedLead:
    'A personal link was opened by people other than its recipient. The rules attributed these visits to nobody.',
  ambiguous: 'One address, several customers',
  ambiguousLead:
    'More than one customer has this address, so it does not identify anybody. This can be settled in the CRM.',
  others: 'Waiting for review',
  othersLead: 'Claims that wait for a decision by somebody at the shop.',
  shared: 'Shared devices',
  sharedLead: 'Several customers identified themselves here, so each link is valid for its own visit only.',
  none: 'Nothing to review',
  noneHint: 'Possible duplicates, forwarded newsletters and shared devices appear here automatically.',
  first: 'Only the first thousand of each kind are shown.',
  rest: (count: number, n: Write) => `Show ${n(count)} more`,
  customers: 'Customers',
  nobody: 'Nobody in particular',
  right: 'This is right',
  wrong: 'This is wrong',
  undo: 'Undo',
  ask: 'Is this right?',
  said: { confirm: 'You confirmed this.', void: 'You marked this as wrong.' },
  saidAt: {
    confirm: (at: string) => `Confirmed on ${at}.`,
    void: (at: string) => `Marked as wrong on ${at}.`,
    clear: (at: string) => `Decision undone on ${at}.`,
  },
  follows: 'The effect will be visible in a few moments.',
}
