/**
 * A heading as the words that decide about permission. Brackets count, because they may hold the word that matters
 * (`Opt-in (partners)`); only a legend of values in them is taken out. Words written together are taken apart where every
 * part is known (`donotbulkemail`, `Newslettersperre`). Pure.
 */
import { plain } from '../heading.ts'
import { readFlag } from '../values.ts'

/** What the words of a heading are, and whether its legend gives yes and no another meaning than usual. */
export type HeadingWords = { words: string[]; oddLegend: boolean }

/** Longer words are not taken apart. */
const MAX_WORD = 48

/** Several words that mean one, as whole words. The first that fits is taken. */
const PHRASES: [string, string][] = (
  [
    [
      'newsletter',
      'lettre d information',
      'lettres d information',
      'lettre d info',
      'lettre information',
      'lettre info',
      'mailing list',
      'mailing lists',
    ],
    [
      'newsletter',
      'liste de diffusion',
      'listes de diffusion',
      'bulletin d information',
      'carta de noticias',
      'hoja informativa',
    ],
    [
      'email',
      'courrier electronique',
      'courriers electroniques',
      'correo electronico',
      'correos electronicos',
      'posta elettronica',
    ],
    [
      'email',
      'adresse electronique',
      'voie electronique',
      'message electronique',
      'messages electroniques',
      'elektronische post',
    ],
    ['email', 'medios electronicos', 'mezzi elettronici'],
    [
      'postal',
      'direct mail',
      'mail postal',
      'postal mail',
      'physical mail',
      'snail mail',
      'correo postal',
      'posta cartacea',
      'voie postale',
    ],
    [
      'blacklist',
      'liste noire',
      'listes noires',
      'lista negra',
      'lista nera',
      'liste rouge',
      'black list',
      'block list',
      'black listed',
    ],
    [
      'blacklist',
      'block listed',
      'liste d opposition',
      'liste repoussoir',
      'suppression list',
      'exclusion list',
      'liste d exclusion',
    ],
    [
      'optout',
      'opted out',
      'opting out',
      'opts out',
      'opt outs',
      'sign out',
      'signed off',
      'dado de baja',
      'dada de baja',
      'clean time',
    ],
    ['optout', 'clean campaign', 'desinscrit du', 'out of marketing'],
    ['optin', 'opted in', 'opts in', 'opt ins', 'opting in'],
    ['signup', 'sign up', 'signed up', 'signs up'],
    ['thirdparty', 'third party', 'third parties'],
    ['softbounce', 'soft bounce', 'soft bounces', 'soft bounced'],
    ['bounce', 'hard bounce', 'hard bounces', 'hard bounced'],
    [
      'not',
      'ne pas',
      'no longer',
      'no more',
      'nicht mehr',
      'ya no',
      'non piu',
      'does nt',
      'doesn t',
      'didn t',
      'won t',
      'can t',
      'isn t',
      'hasn t',
    ],
    ['miseajour', 'mise a jour', 'mis a jour'],
    ['email', 'by email', 'par email', 'por email', 'by mail', 'par mail', 'par courriel', 'por correo', 'da email'],
    ['newsletter', 'we email you', 'email me'],
    ['whatsapp', 'whats app'],
    ['linkedin', 'linked in'],
    ['attesa', 'en attente', 'in attesa', 'in behandlung'],
    ['subscription status', 'global status'],
  ] as const
).flatMap(([word, ...phrases]) => phrases.map((phrase): [string, string] => [` ${phrase} `, ` ${word} `]))

/** Pairs of values that some headings end with, without brackets. */
const PAIRS =
  /(?<![\p{L}\p{N}])(oui|yes|ja|si|sí|sì|o|y|j|s|1|true|vrai|wahr|0|non|no|nein|n|false|faux)\s?[/|]\s?(oui|yes|ja|si|sí|sì|o|y|j|s|1|true|vrai|wahr|0|non|no|nein|n|false|faux)(?![\p{L}\p{N}])/giu

/** The words of a heading. `isKnown` tells which words have a meaning. */
export function wordsOf(heading: string, isKnown: (word: string) => boolean): HeadingWords {
  let oddLegend = false
  // Brackets are bounded: headings are cut off before.
  const text = heading.replace(/[([{]([^()[\]{}]*)[)\]}]/g, (_, inside: string) => {
    const legend = legendOf(inside)
    if (legend === 'odd') oddLegend = true
    return legend === null ? ` ${inside} ` : ' '
  })
  const parts = wordsIn(text.replace(PAIRS, ' ')).flatMap((word) =>
    isKnown(word) ? [word] : (partsOf(word, isKnown) ?? [word]),
  )
  return { words: wordsIn(parts.join(' ')), oddLegend }
}

/** The words of a text, where several that mean one are one. */
export function wordsIn(text: string): string[] {
  let line = ` ${plain(text.replace(/[()[\]{}]/g, ' ').replace(/[’ʼ]/g, "'"))} `
  for (const [phrase, word] of PHRASES) line = line.replaceAll(phrase, word)
  // "Ne souhaite plus" denies; "plus" alone means more.
  if (/ (ne|n) /.test(line)) line = line.replace(' plus ', ' not ')
  return line.split(' ').filter((word) => word !== '')
}

/** Whether brackets hold a legend of values: a usual one, one that gives them another meaning, or (null) none. */
function legendOf(inside: string): 'usual' | 'odd' | null {
  const pairs = inside
    .split(/[,;/|]|\bou\b|\bor\b|\boder\b/)
    .map((pair) => pair.split(/[=:]/).map((each) => each.trim()))
  if (inside.includes('=')) {
    const usual = pairs.every(([code = '', word = '']) => readFlag(code) !== null && readFlag(code) === readFlag(word))
    return usual ? 'usual' : 'odd'
  }
  return pairs.every((pair) => pair.every((each) => /^[yojsn]$/i.test(each) || readFlag(each) !== null))
    ? 'usual'
    : null
}

/** The known parts that make up a word; null if there are none. The longest part is tried first. */
function partsOf(word: string, isKnown: (word: string) => boolean): string[] | null {
  if (word.length > MAX_WORD) return null
  /** The parts of the rest from each place; undefined where it was not tried. */
  const rest: (string[] | null)[] = Array.from({ length: word.length + 1 }, () => null)
  rest[word.length] = []
  for (let from = word.length - 2; from >= 0; from--) {
    for (let to = word.length; to >= from + 2; to--) {
      const after = rest[to]
      const part = word.slice(from, to)
      // German joins words with an s.
      const next = after ?? (word[to] === 's' ? rest[to + 1] : null)
      if (!next || !(part.length > 2 || part === 'do' || part === 'is' || part === 'at') || !isKnown(part)) continue
      rest[from] = [part, ...next]
      break
    }
  }
  return rest[0] ?? null
}
