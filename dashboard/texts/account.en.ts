/** The texts about users, sessions and passwords, in English. */

/** The texts of the account page. */
export const accountEn = {
  title: 'Account',
  role: { owner: 'Owner', marketer: 'Marketer', reader: 'Reader' },
  roleMay: {
    owner: 'Owner: may do everything, and manages users.',
    marketer: 'Marketer: may see, import, decide and download, but not manage users.',
    reader: 'Reader: may see everything, and changes and downloads nothing.',
  },

  users: 'Users',
  usersLead: 'Everybody who signs in has a name and a password of their own. A new role or password signs them out.',
  you: 'you',
  signedIn: (ago: string) => `last signed in ${ago}`,
  neverSignedIn: 'has not signed in yet',
  roleLabel: 'Role',
  roleOf: (name: string) => `Role of ${name}`,
  renew: 'New password',
  renewOf: (name: string) => `New password for ${name}`,
  remove: 'Remove',
  removeOf: (name: string) => `Remove ${name}`,
  removeAsk: (name: string) => `Remove ${name}?`,
  keep: 'Keep',
  email: 'E-mail',
  optional: '(optional)',
  add: 'Add user',
  invalidUser:
    'A name has 1 to 60 letters, digits, spaces and . _ - @, a letter or digit first. An e-mail address needs an @.',
  nameTaken: 'There is already a user with this name.',
  made: (name: string) => `The password of ${name}:`,
  madeHint: 'Pass it on now, as it is not shown again.',

  sessions: 'Open sessions',
  sessionsLead: 'Where you are signed in. Sessions end by themselves after three days without use.',
  sessionsLeadAll: 'Where everybody is signed in. Sessions end by themselves after three days without use.',
  thisSession: 'this one',
  end: 'End',
  endOf: (user: string, place: string) => `End the session of ${user}, ${place}`,
  unknownBrowser: 'Unknown browser',
  from: (address: string) => `from ${address}`,
  since: (at: string) => `since ${at}`,
  used: (ago: string) => `last used ${ago}`,

  ownPassword: 'Your password',
  ownPasswordLead: 'A new one signs you out everywhere else.',
  currentPassword: 'Current password',
  newPassword: 'New password',
  change: 'Change',
  passwordRule: 'A password has 10 to 200 characters, and is not your name.',
  passwordChanged: 'Your password is changed.',
  currentWrong: 'The current password is not right.',
}
