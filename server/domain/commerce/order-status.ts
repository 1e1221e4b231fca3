/**
 * What the status of an order says, in the words of shops in English, French, German, Spanish and Italian: whether it was
 * bought. A status counts only if each of its words is known: an unknown word may deny the others.
 */
import {
  CANCEL,
  CLOSED,
  FAIL,
  FULFIL,
  NEUTRAL,
  NOT,
  PAID,
  PART,
  PAYMENT,
  PROCESS,
  RECEIVED,
  REFUND,
  REQUEST,
  WAIT,
} from './order-words.ts'

/**
 * `bought`: paid, or on its way. `unpaid`: nobody has paid, or it failed. `part_refunded`: some of the money went back.
 * `closed`: done, but not how; Magento calls refunded orders so.
 */
export type OrderStatus = 'bought' | 'unpaid' | 'cancelled' | 'refunded' | 'part_refunded' | 'closed'

/** No status is longer. */
const MAX_LENGTH = 120

/** The kinds of words, in the order in which they are looked up. */
const KINDS = {
  ...{ not: NOT, part: PART, refund: REFUND, cancel: CANCEL, wait: WAIT, fail: FAIL, request: REQUEST, paid: PAID },
  ...{ payment: PAYMENT, received: RECEIVED, process: PROCESS, fulfil: FULFIL, neutral: NEUTRAL },
}
type Kind = keyof typeof KINDS

/** Reads a status. Null if one of its words is unknown, or if it says nothing. */
export function readOrderStatus(text: string): OrderStatus | null {
  if (text.length > MAX_LENGTH) return null
  const known = readBefore.get(text)
  if (known !== undefined) return known
  const status = statusOfText(text)
  if (readBefore.size >= MAX_READ) readBefore.clear()
  readBefore.set(text, status)
  return status
}

/** What was read lately: a shop has few statuses, and each order has one. */
const readBefore = new Map<string, OrderStatus | null>()
const MAX_READ = 500

function statusOfText(text: string): OrderStatus | null {
  const words = wordsOf(text)
  const [only, another] = words
  if (another === undefined && only !== undefined && CLOSED.includes(only)) return 'closed'
  const found = words.map(kindsOf)
  if (found.length === 0 || !found.every((kinds) => kinds !== null)) return null
  return statusOf(new Set(found.flat()))
}

function statusOf(kinds: ReadonlySet<Kind>): OrderStatus | null {
  const has = (...of: Kind[]) => of.some((kind) => kinds.has(kind))
  if (has('refund')) {
    // Money that somebody asks for, or is still on its way, has not gone back.
    if (has('request', 'wait', 'not', 'fail')) return 'bought'
    return has('part') ? 'part_refunded' : 'refunded'
  }
  if (has('cancel')) return has('request', 'wait', 'not', 'part') ? null : 'cancelled'
  if (has('not')) return has('paid', 'payment') ? 'unpaid' : has('fulfil', 'process') ? 'bought' : null
  if (has('fail')) return 'unpaid'
  if (has('paid')) return 'bought'
  if (has('wait')) return has('payment') || !has('fulfil') ? 'unpaid' : 'bought'
  if (has('payment')) return has('process') ? 'unpaid' : has('fulfil', 'received', 'part') ? 'bought' : null
  return has('fulfil', 'process') ? 'bought' : null
}

function wordsOf(text: string): string[] {
  return text
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/[^\p{L}]+/gu, ' ')
    .trim()
    .split(' ')
    .filter((word) => word !== '' && word !== 'wc')
}

/** The kinds of a word; of compounds such as `teilerstattet` and `unbezahlt` those of both parts. Null if it is unknown. */
function kindsOf(word: string): Kind[] | null {
  const kind = kindOf(word)
  if (kind !== null) return [kind]
  for (const [prefix, first] of [
    ['teilweise', 'part'],
    ['teil', 'part'],
    ['nicht', 'not'],
    ['un', 'not'],
    ['im', 'not'],
  ] as const) {
    const rest = word.startsWith(prefix) ? kindOf(word.slice(prefix.length)) : null
    if (rest !== null) return [first, rest]
  }
  return null
}

/** A list holds whole words, and beginnings of words marked with `*`. */
function kindOf(word: string): Kind | null {
  for (const [kind, entries] of Object.entries(KINDS)) {
    const is = (entry: string) => (entry.endsWith('*') ? word.startsWith(entry.slice(0, -1)) : word === entry)
    if (entries.some(is)) return kind as Kind
  }
  return null
}
