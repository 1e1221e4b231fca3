/**
 * Reads days and times as tools, spreadsheets and people write them, in English, French, German, Spanish and Italian.
 * What a text alone leaves open, such as which part of 3/4/2026 is the month, is settled by the other cells of its column;
 * if they do not settle it, the text is not read.
 */
import { dayIn, instantIn } from './zone.ts'

/** How a column writes days: which part comes first in 3/4/2026. Null if unknown. */
export type DayOrder = 'dmy' | 'mdy' | null

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const two = (text: string) => text.padStart(2, '0')

function isoDay(year: string, month: string, day: string): string | null {
  const [y, m, d] = [Number(year), Number(month), Number(day)]
  if (y < 1 || m < 1 || m > 12 || d < 1 || d > (DAYS[m - 1] ?? 0)) return null
  const leap = y % 4 === 0 && (y % 100 !== 0 || y % 400 === 0)
  return m === 2 && d === 29 && !leap ? null : `${year.padStart(4, '0')}-${two(month)}-${two(day)}`
}

/** A year of two digits is of this century up to 29, as spreadsheets have it. */
const inFull = (year: string) => (year.length === 4 ? year : `${Number(year) < 30 ? 20 : 19}${year}`)

const CLOCK =
  /^(\d{1,2})(?::|h)(\d{2})(?:(?::|m)(\d{2})s?(?:[.,](\d{1,9}))?)?(?:\s{0,9}([ap])\.?m\.?)?(?:\s{0,9}(z|utc|gmt|[+-]\d{2}:?(?:\d{2})?))?$/i

/** No way to write a time is longer. */
const MAX_TIME = 64

function isoClock(text: string): string | null {
  const found = CLOCK.exec(text)
  if (!found) return null
  const [, h, min, s = '00', fraction, half, zone] = found
  let hour = Number(h)
  if (half) hour = (hour % 12) + (/p/i.test(half) ? 12 : 0)
  if (hour > 23 || Number(min) > 59 || Number(s) > 59) return null
  return `${two(String(hour))}:${min}:${s}${fraction === undefined ? '' : `.${fraction}`}${offsetOf(zone)}`
}

function offsetOf(zone: string | undefined): string {
  if (zone === undefined) return ''
  if (/^(z|utc|gmt)$/i.test(zone)) return 'Z'
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  return `${zone.charAt(0)}${digits.slice(0, 2)}:${digits.slice(2)}`
}

/** A day or time in ISO 8601, without a zone if none was given; null if it is neither or is ambiguous. */
export function readIsoTime(text: string, order: DayOrder): string | null {
  const trimmed = text.trim()
  if (trimmed.length > MAX_TIME) return null
  const whole = readDay(trimmed, order)
  if (whole !== null) return whole
  // The clock is what follows the first sign of one.
  const cut = trimmed.search(/(?<=\d)T(?=\d)|[,\s]{1,9}(?:at\s|[àa]\s|um\s|alle\s)?\s{0,9}\d{1,2}(?::|h\d)/i)
  if (cut < 0) return null
  const date = readDay(trimmed.slice(0, cut).trim(), order)
  if (date === null) return null
  const clock = isoClock(
    trimmed
      .slice(cut)
      .replace(/^[T,\s]{1,9}(?:at\s|[àa]\s|um\s|alle\s)?/i, '')
      .replace(/Uhr$/i, '')
      .trim(),
  )
  return clock === null ? null : `${date}T${clock}`
}

function readDay(text: string, order: DayOrder): string | null {
  const iso = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})$/.exec(text)
  if (iso) {
    const [, year = '', , month = '', day = ''] = iso
    return isoDay(year, month, day)
  }
  const local = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})$/.exec(text)
  if (!local) return readNamedDay(text)
  const [, a = '', sign, b = '', year = ''] = local
  // With dots the day always comes first.
  const by = sign === '.' ? 'dmy' : order
  if (by === null) return null
  return by === 'dmy' ? isoDay(inFull(year), b, a) : isoDay(inFull(year), a, b)
}

/** The beginnings of the names of months, long enough to tell them apart in all five languages. */
const MONTHS = [
  ...[
    'jan janv januar enero ene gen gennaio january janvier',
    'feb fev fevr fevrier february februar febrero febbraio',
  ],
  ...['mar mars march marz maerz mrz marzo', 'apr avr avril april abr abril aprile', 'may mai mayo mag maggio'],
  ...['jun juin june juni junio giu giugno', 'jul juil juillet july juli julio lug luglio'],
  ...['aug aou aout august ago agosto', 'sep sept septembre september septiembre set sett settembre setiembre'],
  ...['oct octobre october okt oktober octubre ott ottobre', 'nov novembre november noviembre'],
  'dec decembre december dez dezember dic diciembre dicembre',
].map((names) => names.split(' '))

/** Words that stand beside the parts of a day. */
const BESIDE =
  /^(?:de|of|the|le|del|il|el|den|der|am|(?:lun|mar|mer|mier|mie|jeu|jue|gio|ven|vie|sam|sab|dim|dom|mon|tue|wed|thu|fri|sat|sun|die|mit|don|fre|son)\p{L}{0,7}|(?:mo|di|do|fr|sa|so))$/u

/** A day with the name of its month, such as `5 janvier 2024`, `Jan 5, 2024` or `5. März 24`. */
function readNamedDay(text: string): string | null {
  if (!/\p{L}/u.test(text)) return null
  const parts = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/(\d)(?:st|nd|rd|th|er|º|°|o)(?![a-z])/g, '$1')
    .replace(/(\d)(?=[a-z])|([a-z])(?=\d)/g, '$1$2 ')
    .split(/[^\p{L}\d]+/u)
    .filter((part) => part !== '')
  let month = 0
  const numbers: string[] = []
  for (const part of parts) {
    const found = MONTHS.findIndex((names) => names.includes(part)) + 1
    if (/^\d{1,4}$/.test(part)) numbers.push(part)
    // `mar` is Tuesday in Italian as well, and `mars` a month.
    else if (found > 0 && (month === 0 || !BESIDE.test(part))) month = found
    else if (found === 0 && !BESIDE.test(part)) return null
  }
  const [first = '', second = '', third] = numbers
  if (month === 0 || second === '' || third !== undefined) return null
  const [year, day] = first.length === 4 ? [first, second] : [second, first]
  if (day.length > 2 || (year.length !== 4 && year.length !== 2)) return null
  return isoDay(inFull(year), String(month), day)
}

/** The order in which a column writes days, revealed by those above 12; null if there are none, or they disagree. */
export function dayOrderOf(cells: readonly string[]): DayOrder {
  let dmy = false
  let mdy = false
  for (const cell of cells) {
    const found = /^(\d{1,2})[-/](\d{1,2})[-/](?:\d{4}|\d{2})(?!\d)/.exec(cell)
    if (found && Number(found[1]) > 12) dmy = true
    if (found && Number(found[2]) > 12) mdy = true
  }
  return dmy === mdy ? null : dmy ? 'dmy' : 'mdy'
}

/** An instant in milliseconds. A time without a zone is UTC; 10 or 13 digits are seconds or milliseconds since 1970. */
export function readInstant(text: string, order: DayOrder): number | null {
  return readMoment(text, order, 'UTC')?.at ?? null
}

/** A moment: an instant, or a whole day, which `until` ends. `isLocal`: it was in no zone of its own. */
export type Moment = { at: number; until: number | null; isLocal: boolean }

/** Reads a moment; without a zone of its own it is in `zone`. */
export function readMoment(text: string, order: DayOrder, zone: string): Moment | null {
  if (/^\d{10}$/.test(text)) return { at: Number(text) * 1000, until: null, isLocal: false }
  if (/^\d{13}$/.test(text)) return { at: Number(text), until: null, isLocal: false }
  const iso = readIsoTime(text, order)
  return iso === null ? null : momentOf(iso, zone)
}

/** The moment of a text in ISO 8601; without a zone of its own it is in `zone`. Null if there is no such time. */
export function momentOf(iso: string, zone: string): Moment | null {
  if (!iso.includes('T')) {
    const day = dayIn(zone, iso)
    return day && { at: day.from, until: day.to, isLocal: true }
  }
  const isLocal = !/(Z|[+-]\d\d:\d\d)$/.test(iso)
  const at = isLocal ? instantIn(zone, iso) : Date.parse(iso)
  return at === null || Number.isNaN(at) ? null : { at, until: null, isLocal }
}

/** Days of a spreadsheet count from here; 1954 to 2064 have five digits that begin with 2 to 6. */
const SERIAL = /^([2-6]\d{4})(?:[.,](\d{1,10}))?$/

/** A day, or time, that a spreadsheet wrote as the number of days since 1900. For columns of times only. */
export function readSerial(text: string): string | null {
  const found = SERIAL.exec(text)
  if (!found) return null
  const fraction = found[2] === undefined ? 0 : Number(`0.${found[2]}`)
  const seconds = Math.round(fraction * 86_400)
  const iso = new Date(Date.UTC(1899, 11, 30 + Number(found[1])) + seconds * 1000).toISOString()
  return seconds === 0 ? iso.slice(0, 10) : iso.slice(0, 19)
}

/** A day in eight digits, such as 20261130. For columns of times only. */
export function readDigits(text: string): string | null {
  const found = /^((?:19|20)\d{2})(\d{2})(\d{2})$/.exec(text)
  return found && isoDay(found[1] ?? '', found[2] ?? '', found[3] ?? '')
}
