/**
 * Finds telephone numbers and IBANs in a readable text (`decoded`). A number counts only if its length and its form are
 * those of a country's numbers, and an IBAN if its check digits are right, so that prices, dates, article and order numbers
 * stay as they are.
 */
import type { Range } from './find-addresses.ts'

/** Digits that follow each other, and what stands before them since the last ones: null if that is no separator. */
type Group = { digits: string; start: number; end: number; before: string | null; plus: boolean }

/** How a text is read. `everywhere`: numbers without a country are looked for too; `inUrl`: slashes separate. */
export type Reading = { everywhere: boolean; inUrl: boolean }

const DIGITS = /[0-9]+/g
const SEPARATOR = /^[ \u00a0\u202f.()+\u2010-\u2013-]{1,3}$/
const SLASH = /^ ?\/ ?$/
const MAX_GROUPS = 8

/** Fewer digits are never looked at. */
const FEWEST = 7

/** `00`, the longest number with its country, and the zero that is left out. */
const MOST = 18

/** How many digits numbers have after the codes of countries; of the others, any number of them up to 15 in all. */
const NATIONAL: Record<string, readonly [least: number, most: number]> = {
  ...{
    1: [10, 10],
    7: [10, 10],
    20: [8, 10],
    27: [9, 9],
    30: [10, 10],
    31: [9, 9],
    32: [8, 9],
    33: [9, 9],
    34: [9, 9],
  },
  ...{ 36: [8, 9], 39: [8, 11], 40: [9, 9], 41: [9, 9], 43: [7, 12], 44: [9, 10], 45: [8, 8], 46: [7, 9], 47: [8, 8] },
  ...{ 48: [9, 9], 49: [6, 12], 61: [9, 9], 81: [9, 10], 86: [10, 11], 90: [10, 10], 91: [10, 10], 212: [9, 9] },
  ...{ 213: [8, 9], 216: [8, 8], 351: [9, 9], 352: [6, 9], 353: [7, 9], 358: [6, 10], 420: [9, 9], 421: [9, 9] },
}
const OTHERS = [7, 12] as const
const COUNTRY =
  /^(?:1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|(?:2[1-689]|3[578]|42|5[09]|6[7-9]|8[05789]|9[679])[0-9])/

/** How numbers without a country are written in groups: the lengths of the groups. The first begins with one zero. */
const SHAPES = new Set([
  ...['2 2 2 2 2', '4 2 2 2', '4 3 3', '2 3 2 2', '3 3 2 2', '3 2 2 2', '3 4 4', '4 3 4', '2 4 4'],
  ...['3 6', '3 7', '3 8', '4 6', '4 7', '4 8', '5 5', '5 6', '5 7'],
])
/** In pairs, as in France: nothing else is written so. */
const PAIRS = '2 2 2 2 2'
const AMERICAN = '3 3 4'

/** Numbers in one piece: French, Swiss and Belgian ones, German mobiles, British mobiles. */
const COMPACT = /^(?:0[1-9][0-9]{8}|01[567][0-9]{8,9}|07[0-9]{9})$/
const ZERO = /^0[1-9]/
const LABEL =
  /(?:^|[^a-z])(?:t[eé]l[eé]?phone|t[eé]l|telefono?|telefoon|phone|fon|handy|gsm|whatsapp|fax|sms|mobile?|portable)(?:[_ -]?(?:number|num|no|nr))?\.?[ "]{0,2}[:=][ "(]{0,2}$/i
const MAX_LABEL = 40
/** An id of 128 bits (RFC 9562), whose digits are random. */
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi
const DAY = /^(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])/

/**
 * The characters of ASCII by what they mean to a glance: a letter from `g` on, which ends a number (the others may end an
 * escape such as `%2B`), and a sign that begins an address, an escape, or what stands for an @.
 */
const OTHER = 0
const DIGIT = 1
const LETTER = 2
const MARK = 3
const COLON = 4
const KINDS = new Uint8Array(128)
for (let code = 0x30; code <= 0x39; code++) KINDS[code] = DIGIT
for (let code = 0x67; code <= 0x7a; code++) KINDS[code] = KINDS[code - 0x20] = LETTER
KINDS[0x3a] = COLON
for (const sign of '@%&\\([{<') KINDS[sign.charCodeAt(0)] = MARK

/**
 * What a glance at a text can tell, as bits: that it has a sign or no ASCII, that it has digits enough, and that it has a
 * colon, as the address of a page.
 */
export const SIGN_SEEN = 1
export const DIGITS_SEEN = 2
export const COLON_SEEN = 4

/**
 * Looks whether a text can hold what somebody could be named by: a sign that an address or an escape needs, or as many digits
 * close to each other as a number of a person has. Most texts have neither, and every text of every event passes here.
 */
export function glance(text: string): number {
  let digits = 0
  let between = 0
  let seen = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const isWide = code >= 0x80
    const kind = isWide ? (code >= 0xff10 && code <= 0xff19 ? DIGIT : OTHER) : KINDS[code]
    if (isWide || kind === MARK) seen |= SIGN_SEEN
    else if (kind === COLON) seen |= COLON_SEEN
    if (kind === DIGIT) {
      if (++digits >= FEWEST) seen |= DIGITS_SEEN
      between = 0
    } else if (kind === LETTER || ++between > 6) digits = 0
  }
  return seen
}

/** The telephone numbers in a text. */
export function findPhones(given: string, reading: Reading): Range[] {
  const text = given.replace(UUID, (id) => 'x'.repeat(id.length))
  const groups = groupsIn(text, reading)
  const found: Range[] = []
  for (let i = 0; i < groups.length; ) {
    const taken = phoneFrom(text, groups, i, reading)
    const [first, last] = [groups[i], groups[i + taken - 1]]
    if (taken > 0 && first && last) found.push([first.plus ? first.start - 1 : first.start, last.end])
    i += Math.max(1, taken)
  }
  return found
}

function groupsIn(text: string, { inUrl }: Reading): Group[] {
  const groups: Group[] = []
  for (const { 0: digits, index: start } of text.matchAll(DIGITS)) {
    const last = groups.at(-1)
    const between = last === undefined || start - last.end > 3 ? null : text.slice(last.end, start)
    const separates = between !== null && (SEPARATOR.test(between) || (!inUrl && SLASH.test(between)))
    const plus = text[start - 1] === '+' && !isAlphanumeric(text.charAt(start - 2))
    groups.push({ digits, start, end: start + digits.length, before: separates ? between : null, plus })
  }
  return groups
}

/** How many groups from one on are a telephone number: 0 if none are. */
function phoneFrom(text: string, groups: Group[], from: number, reading: Reading): number {
  const first = groups[from]
  if (first === undefined) return 0
  const isLabelled = LABEL.test(
    text.slice(Math.max(0, first.start - MAX_LABEL), first.plus ? first.start - 1 : first.start),
  )
  if (!isLabelled && isAlphanumeric(text.charAt(first.start - 1))) return 0
  let length = 1
  while (length < MAX_GROUPS && (groups[from + length]?.before ?? null) !== null) length++
  for (; length > 0; length--) {
    const part = groups.slice(from, from + length)
    const last = part.at(-1)
    if (last === undefined || isAlphanumeric(text.charAt(last.end))) continue
    if (isPhone(part, isLabelled, reading.everywhere)) return length
  }
  return 0
}

function isPhone(part: Group[], isLabelled: boolean, everywhere: boolean): boolean {
  const digits = part.map((group) => group.digits).join('')
  if (digits.length < FEWEST || digits.length > MOST) return false
  const isOne = part.length === 1
  const first = part[0]
  if (first?.plus && isInternational(digits)) return true
  if (/^00[1-9]/.test(digits) && isInternational(digits.slice(2))) {
    // `00 33 6 …` and `0033 6 …`, or all in one piece, which only an address or a title can be expected to hold.
    const [code = ''] = COUNTRY.exec(digits.slice(2)) ?? []
    const dialled = first?.digits === '00' || first?.digits === `00${code}`
    if (isOne ? everywhere && !isGtin(digits) : dialled) return true
  }
  if (isLabelled && digits.length <= 15 && !DAY.test(digits) && !isGtin(digits)) return true
  const shape = part.map((group) => group.digits.length).join(' ')
  const dashed = part.slice(1).every((group) => group.before?.includes('-') === true)
  if (shape === PAIRS && ZERO.test(digits)) return true
  if (!everywhere) return false
  if (isOne) return COMPACT.test(digits) && (/^0[67]/.test(digits) || !isIsbn(digits))
  if (ZERO.test(digits) && SHAPES.has(shape)) return part.length > 2 || !dashed
  const isGrouped = part.slice(1).every((group) => /[-.)]/.test(group.before ?? ''))
  return shape === AMERICAN && /^[2-9][0-9]{2}[2-9]/.test(digits) && isGrouped
}

/** Whether digits after a `+` are a number: a country's code and as many digits as numbers have there. */
function isInternational(digits: string): boolean {
  const [code] = COUNTRY.exec(digits) ?? []
  if (code === undefined) return false
  // `+33 (0)6 …`: the zero is only dialled within the country.
  const rest = digits.slice(code.length).replace(/^0/, '')
  const [least, most] = NATIONAL[code] ?? OTHERS
  return rest.length >= least && rest.length <= most
}

/** Whether the last digit is the check digit of an article number (EAN, UPC, GTIN). */
function isGtin(digits: string): boolean {
  if (![8, 12, 13, 14].includes(digits.length)) return false
  let sum = 0
  for (let i = 0; i < digits.length; i++) sum += Number(digits.at(-1 - i)) * (i % 2 === 0 ? 1 : 3)
  return sum % 10 === 0
}

function isIsbn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) sum += Number(digits.charAt(i)) * (10 - i)
  return digits.length === 10 && sum % 11 === 0
}

function isAlphanumeric(char: string): boolean {
  const code = char.charCodeAt(0)
  return code < 0x80 ? /[A-Za-z0-9_]/.test(char) : /[\p{L}\p{N}]/u.test(char)
}

/** The lengths of the IBANs of countries. */
const IBAN_LENGTHS: Record<string, number> = {
  ...{ AD: 24, AE: 23, AL: 28, AT: 20, AZ: 28, BA: 20, BE: 16, BG: 22, BH: 22, BR: 29, BY: 28, CH: 21, CR: 22, CY: 28 },
  ...{ CZ: 24, DE: 22, DK: 18, DO: 28, EE: 20, EG: 29, ES: 24, FI: 18, FO: 18, FR: 27, GB: 22, GE: 22, GI: 23, GL: 18 },
  ...{ GR: 27, GT: 28, HR: 21, HU: 28, IE: 22, IL: 23, IQ: 23, IS: 26, IT: 27, JO: 30, KW: 30, KZ: 20, LB: 28, LC: 32 },
  ...{ LI: 21, LT: 20, LU: 20, LV: 21, LY: 25, MC: 27, MD: 24, ME: 22, MK: 19, MR: 27, MT: 31, MU: 30, NL: 18, NO: 15 },
  ...{ PK: 24, PL: 28, PS: 29, PT: 25, QA: 29, RO: 24, RS: 22, SA: 24, SC: 31, SE: 24, SI: 19, SK: 24, SM: 27, ST: 25 },
  ...{ SV: 28, TL: 23, TN: 24, TR: 26, UA: 29, VA: 22, VG: 24, XK: 20 },
}
const IBAN_START = /(?<![a-z0-9])[a-z]{2}[0-9]{2}/gi
const IBAN_SEPARATORS = ' \u00a0\u202f.+_-'

/** The IBANs in a text. */
export function findIbans(text: string): Range[] {
  const found: Range[] = []
  for (const { index } of text.matchAll(IBAN_START)) {
    const length = IBAN_LENGTHS[text.slice(index, index + 2).toUpperCase()]
    if (length === undefined) continue
    let iban = ''
    let end = index
    while (iban.length < length && end < text.length) {
      const char = text.charAt(end)
      if (/[a-z0-9]/i.test(char)) iban += char.toUpperCase()
      else if (!IBAN_SEPARATORS.includes(char) || IBAN_SEPARATORS.includes(text.charAt(end - 1))) break
      end++
    }
    if (iban.length === length && !isAlphanumeric(text.charAt(end)) && isChecked(iban)) found.push([index, end])
  }
  return found
}

/** ISO 7064: the number that the letters and digits make, from the fifth on, leaves 1 when divided by 97. */
function isChecked(iban: string): boolean {
  let rest = 0
  for (const char of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(char, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}
