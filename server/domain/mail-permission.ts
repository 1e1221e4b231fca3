/**
 * Which word about the permission to mail stands, of several about one contact or one address. The date of a word decides,
 * not when it was imported:
 *
 * - a yes must be later than the no that it is to undo, and a yes without a date never undoes a no with one;
 * - a no without a date is as late as its import, and a yes without a date undoes it only if it was pushed after it: a file
 *   may be of any age;
 * - a word that could not be read leaves no earlier yes standing, and undoes no no.
 *
 * Pure.
 */

/** What was said about the permission to mail. `unclear`: something that could not be read. */
export type MailPermission = 'yes' | 'no' | 'unclear'

/** The permission as it is stored: 1 given, 0 refused, 2 unclear. */
export type MailFlag = 0 | 1 | 2

/** A word about the permission. `at`: its date, if it has one. */
export type MailWord = {
  says: MailPermission
  at: number | null
  /** When it was imported or pushed, or last changed at its source. */
  heardAt: number
  /** It comes from a file, which is of any age where its rows have no dates. */
  ofFile: boolean
  /** The sender has said how it is meant, which settles what was unclear whatever its date. */
  isAnswer: boolean
}

const FLAGS = { yes: 1, no: 0, unclear: 2 } as const satisfies Record<MailPermission, MailFlag>

/** A permission as it is stored. */
export function mailFlagOf(says: MailPermission): MailFlag {
  return FLAGS[says]
}

/** A stored permission; null if nothing was ever said. */
export function mailPermissionOf(flag: MailFlag | null): MailPermission | null {
  return flag === null ? null : flag === 1 ? 'yes' : flag === 0 ? 'no' : 'unclear'
}

/** A stored permission as the API reports it: null if nothing was said, or nothing that could be read. */
export function mailConsentOf(flag: MailFlag | null): boolean | null {
  return flag === null || flag === 2 ? null : flag === 1
}

/** The word that stands once another is said. */
export function standingWord(stands: MailWord | null, said: MailWord): MailWord {
  if (stands === null) return said
  if (stands.says === said.says) {
    return { ...stands, at: latest(stands.at, said.at), heardAt: Math.max(stands.heardAt, said.heardAt) }
  }
  switch (said.says) {
    case 'yes':
      return undoes(stands, said) ? said : stands
    case 'no':
      return stands.says === 'unclear' || !isLater(stands, said) ? said : stands
    case 'unclear':
      return stands.says === 'no' || isLater(stands, said) ? stands : said
  }
}

/** Whether a yes is late enough to replace what stands. */
function undoes(stands: MailWord, yes: MailWord): boolean {
  if (stands.says === 'unclear' && yes.isAnswer && yes.heardAt > stands.heardAt) return true
  if (yes.at !== null) return yes.at > (stands.at ?? stands.heardAt)
  return stands.at === null && yes.heardAt > stands.heardAt && (stands.says === 'unclear' || !yes.ofFile)
}

/** Whether a yes that stands is later than a word against it. */
function isLater(yes: MailWord, against: MailWord): boolean {
  return yes.at !== null && against.at !== null && yes.at > against.at
}

function latest(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b)
}
