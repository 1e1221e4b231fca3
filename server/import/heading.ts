/**
 * What a heading reveals without the cells below it: whether they are secret, or concern somebody else. Pure; the
 * spellings are in `headings.ts`. What it asks about permission is in `permission/question.ts`.
 */
import { OTHER_PERSON_WORDS, SECRET_PHRASES, SECRET_WORDS } from './headings.ts'

/** Longer headings are cut off. Some forms export whole questions as headings. */
const MAX_HEADING = 1000

/** The length of the longest name of an attribute. */
const MAX_NAME = 200

/** A heading in lower case without accents, brackets and signs: `E-Mail *` is `email`, `Opt-in (0/1)` `optin`. */
export function plain(heading: string): string {
  return withoutBrackets(heading.slice(0, MAX_HEADING))
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .replace(/\be mail/g, 'email')
    .replace(/\bopt (in|out)/g, 'opt$1')
    .replace(/\bdo nt\b|\bdon t\b/g, 'do not')
}

/** Whether one of these words is in a heading that is already `plain`. */
export function hasWord(heading: string, words: readonly string[]): boolean {
  return heading.split(' ').some((word) => words.includes(word))
}

/** Whether one of these phrases is in it, as whole words. */
function hasPhrase(heading: string, phrases: readonly string[]): boolean {
  return phrases.some((phrase) => ` ${heading} `.includes(` ${phrase} `))
}

/** Whether a column with this heading holds credentials. Brackets count: `Login (password)`. */
export function isSecretHeading(heading: string): boolean {
  const text = plain(heading.replace(/[()[\]]/g, ' '))
  if (hasWord(text, SECRET_WORDS) || hasPhrase(text, SECRET_PHRASES)) return true
  // Long words that no language uses for anything else: `userpassword`, `Passworthash`.
  return /passw(or[dt])|motdepasse|kennwort|contrasena/.test(text.replaceAll(' ', ''))
}

/** Whether a column with this heading concerns somebody other than the contact. */
export function isOfAnother(heading: string): boolean {
  return hasWord(plain(heading), OTHER_PERSON_WORDS)
}

/** The name of an attribute: a heading that is a valid name stays, any other is converted. */
export function attributeName(heading: string): string {
  const text = heading.trim().slice(0, MAX_HEADING)
  if (/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(text)) return text.slice(0, MAX_NAME)
  const slug = withoutBrackets(text)
    .toLowerCase()
    .replace(/['’]/g, '')
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '_')
    // There is never more than one on a side.
    .replace(/^_|_$/g, '')
  return slug.slice(0, MAX_NAME)
}

/** A heading with a space in place of each pair of brackets and what is in it. */
function withoutBrackets(heading: string): string {
  let bare = ''
  let from = 0
  /** Brackets that are not closed in what follows. */
  const open = new Set<string>()
  for (let at = 0; at < heading.length; at++) {
    const bracket = heading.charAt(at)
    if ((bracket !== '(' && bracket !== '[') || open.has(bracket)) continue
    const end = heading.indexOf(bracket === '(' ? ')' : ']', at)
    if (end < 0) open.add(bracket)
    else {
      bare += `${heading.slice(from, at)} `
      from = end + 1
      at = end
    }
  }
  return bare + heading.slice(from)
}

/** A heading as shown to people: on one line and without the mark for required fields. */
export function shownHeading(heading: string): string {
  return heading
    .trim()
    .slice(0, MAX_HEADING)
    .replace(/[\s\v]+/g, ' ')
    .trim()
    .replace(/\s\*+$/, '')
}
