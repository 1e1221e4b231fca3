/** What is to be looked at, in English. */
type Write = (value: number) => string

/** The sentences of the review page and of the buttons on each link. */
export const reviewEn = {
  title: 'Review',
  waiting: 'to be reviewed',
  lead: 'What the rules could not settle alone. Nothing here is urgent, and whatever you say can be taken back.',
  duplicates: 'Perhaps one person, known twice',
  duplicatesLead:
    'Somebody was signed in and opened a newsletter of another customer. Right: the visit was this customer’s, too. If the two are one person, join them in the CRM.',
  frozen: 'Too many browsers',
  frozenLead:
    'More new browsers named these customers than one person has. New links wait until somebody has looked at them.',
  forwarded: 'Newsletters that were passed on',
  forwardedLead: 'A personal link was opened by others than its reader. The rules gave these visits to nobody.',
  ambiguous: 'One address, several customers',
  ambiguousLead: 'The address is held by more than one customer, so it points to nobody. The CRM can settle it.',
  others: 'Waiting for review',
  othersLead: 'Claims that wait for a word from somebody of the shop.',
  shared: 'Shared devices',
  sharedLead: 'Several customers proved who they are here, so each link holds for its own visit only.',
  none: 'Nothing to look at',
  noneHint: 'Possible duplicates, newsletters that were passed on and shared devices appear here by themselves.',
  first: 'The first thousand of each kind are shown.',
  rest: (count: number, n: Write) => `Show ${n(count)} more`,
  customers: 'Customers',
  nobody: 'Nobody in particular',
  right: 'This is right',
  wrong: 'This is wrong',
  undo: 'Undo',
  ask: 'Right or wrong?',
  said: { confirm: 'You said that this is right.', void: 'You said that this is wrong.' },
  saidAt: {
    confirm: (at: string) => `Said to be right on ${at}.`,
    void: (at: string) => `Said to be wrong on ${at}.`,
    clear: (at: string) => `What was said was taken back on ${at}.`,
  },
  follows: 'What follows from it shows within moments.',
}
