/**
 * What a heading says by itself, without a look at the cells below it: whether it holds secrets, tells of somebody
 * else, or of a permission, and which way round. Pure; the spellings are in `headings.ts`.
 */
import {
  NEGATIVE_PHRASES,
  NEGATIVE_STEMS,
  NEGATIVE_WHOLE,
  NOT_CONSENT_WORDS,
  OTHER_PERSON_WORDS,
  POSITIVE_PHRASES,
  POSITIVE_STEMS,
  SECRET_PHRASES,
  SECRET_WORDS,
  STATUS,
  TIME_WORDS,
  WEAK_STATUS,
} from './headings.ts'

/** A heading in small letters without accents, brackets and signs: `E-Mail *` is `email`, `Opt-in (0/1)` `optin`. */
export function plain(heading: string): string {
  return heading
    .replace(/\([^)]*\)|\[[^\]]*\]/g, ' ')
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

/** Whether one of these words is in a heading that is `plain` already. */
export function hasWord(heading: string, words: readonly string[]): boolean {
  return heading.split(' ').some((word) => words.includes(word))
}

/** Whether one of these phrases is in it, as whole words. */
function hasPhrase(heading: string, phrases: readonly string[]): boolean {
  return phrases.some((phrase) => ` ${heading} `.includes(` ${phrase} `))
}

/** Whether a column so called holds what opens an account. Brackets count: `Login (password)`. */
export function isSecretHeading(heading: string): boolean {
  const text = plain(heading.replace(/[()[\]]/g, ' '))
  if (hasWord(text, SECRET_WORDS) || hasPhrase(text, SECRET_PHRASES)) return true
  // Long words that no language uses for anything else: `userpassword`, `Passworthash`.
  return /passw(or[dt])|motdepasse|kennwort|contrasena/.test(text.replaceAll(' ', ''))
}

/** Whether a column so called tells of somebody else than the contact. */
export function isOfAnother(heading: string): boolean {
  return hasWord(plain(heading), OTHER_PERSON_WORDS)
}

/**
 * What a heading asks: `yes`: may he be mailed; `no`: may he not; `status`: how does his subscription stand; `weak`: how
 * does anything stand. `time`: the column says when. Null: it is no question of mail.
 */
export type Question = { asks: 'yes' | 'no' | 'status' | 'weak'; time: boolean }

/** The question that a heading asks. */
export function questionOf(heading: string): Question | null {
  const text = plain(heading)
  if (STATUS.includes(text)) return { asks: 'status', time: false }
  if (WEAK_STATUS.includes(text)) return { asks: 'weak', time: false }
  const ownNo = NEGATIVE_PHRASES.some((phrase) => phrase === text)
  if (!ownNo && hasWord(text, NOT_CONSENT_WORDS)) return null
  const words = text.split(' ')
  const begins = (stems: readonly string[]) => words.some((word) => stems.some((stem) => word.startsWith(stem)))
  const time = words.length > 1 && hasWord(text, TIME_WORDS)
  if (begins(NEGATIVE_STEMS) || hasPhrase(text, NEGATIVE_PHRASES) || NEGATIVE_WHOLE.includes(text)) {
    return { asks: 'no', time }
  }
  // `not` and its like turn a question round, and which way is for a person to say.
  if (begins(POSITIVE_STEMS) || hasPhrase(text, POSITIVE_PHRASES)) {
    return hasWord(text, [
      'no',
      'not',
      'non',
      'nicht',
      'kein',
      'keine',
      'pas',
      'without',
      'sans',
      'ohne',
      'sin',
      'senza',
    ])
      ? { asks: 'no', time }
      : { asks: 'yes', time }
  }
  return null
}

/** The name of an attribute: a heading that is a name already stays, any other becomes one. */
export function attributeName(heading: string): string {
  const text = heading.trim()
  if (/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(text)) return text
  const slug = text
    .replace(/\([^)]*\)|\[[^\]]*\]/g, ' ')
    .toLowerCase()
    .replace(/['’]/g, '')
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '_')
    .replace(/^_+|_+$/g, '')
  return slug.slice(0, 200)
}

/** A heading as people read it: one line, no mark that says it is required. */
export function shownHeading(heading: string): string {
  return heading
    .replace(/[\s\v]+/g, ' ')
    .trim()
    .replace(/\s\*+$/, '')
}
