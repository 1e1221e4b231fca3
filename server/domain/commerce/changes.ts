/**
 * How events change the lines of a cart. A full picture replaces them; `add_to_cart` and `remove_from_cart` add and take
 * away. A line is a piece and its variant; the same piece at another price is another line.
 */
import { perUnit } from './amount.ts'
import type { Line } from './lines.ts'
import type { Reading } from './read.ts'

/** A line of a cart, of which the number of pieces is known. */
export type CartLine = Line & { quantity: number }

/** Bounds a cart's lines, so that a script cannot grow a row without end. */
const MAX_ITEMS = 200
const MAX_QUANTITY = 1_000_000

/** Whether an event's items are all that the cart holds. */
export const isFull = (type: string) => type !== 'add_to_cart' && type !== 'remove_from_cart'

/** The event's lines; the value of an event about one piece is the price of that piece, if it has no other. */
export function withValueAsPrice({ lines, value, currency }: Reading): Line[] {
  const [only, another] = lines
  if (only === undefined || another !== undefined || value === null || value <= 0 || only.price !== null) return lines
  return [{ ...only, price: perUnit(value, only.quantity), currency: only.currency ?? currency }]
}

/** The lines of a cart after an event with these lines. */
export function changedLines(lines: CartLine[], given: Line[], type: string, reading: Reading): CartLine[] {
  if (isFull(type)) {
    if (given.length === 0) return type === 'view_cart' && reading.value === 0 ? [] : lines
    const pieces = given.map((line) => ({ ...completed(line, lines), quantity: line.quantity ?? 1 }))
    return pieces.filter((line) => line.quantity > 0)
  }
  const isRemoval = type === 'remove_from_cart'
  return given.reduce((kept, line) => (isRemoval || isTaken(line) ? less(kept, line) : more(kept, line)), lines)
}

/** Whether a line of `add_to_cart` takes pieces away: its quantity is negative. */
const isTaken = (line: Line) => line.quantity !== null && line.quantity < 0

/** The lines with one more; lines of one piece at different prices stay apart. */
function more(lines: CartLine[], line: Line): CartLine[] {
  const quantity = line.quantity ?? 1
  if (quantity === 0) return lines
  const i = lines.findIndex((each) => isSamePiece(each, line) && isSamePrice(each, line))
  const old = lines[i]
  if (old === undefined) return [...lines, { ...completed(line, lines), quantity }].slice(0, MAX_ITEMS)
  return lines.with(i, { ...merged(old, line), quantity: Math.min(old.quantity + quantity, MAX_QUANTITY) })
}

/** The lines with some pieces less, the last ones first; all of them if nobody said how many. */
function less(lines: CartLine[], line: Line): CartLine[] {
  let left = line.quantity === null ? Number.POSITIVE_INFINITY : Math.abs(line.quantity)
  const kept: CartLine[] = []
  const isMeant = (each: CartLine) => each.id === line.id && (line.variant === null || each.variant === line.variant)
  for (const each of lines.toReversed()) {
    const taken = isMeant(each) ? Math.min(each.quantity, left) : 0
    left -= taken
    if (each.quantity > taken) kept.push({ ...each, quantity: rounded(each.quantity - taken) })
  }
  return kept.reverse()
}

/** A quantity without the error of binary fractions. */
const rounded = (quantity: number) => Number(quantity.toPrecision(12))

const isSamePiece = (a: Line, b: Line) => a.id === b.id && a.variant === b.variant
const isSamePrice = (a: Line, b: Line) => a.price === null || b.price === null || Math.abs(a.price - b.price) < 0.005

/** A line with what earlier lines of the same piece say of it and it leaves out. */
function completed(line: Line, lines: CartLine[]): Line {
  const old = lines.find((each) => isSamePiece(each, line))
  return old === undefined ? line : merged(old, line)
}

/** Takes each field from the newer line, or from the older one if the newer has none. */
function merged<T extends Line>(old: T, line: Line): T {
  return {
    ...old,
    name: line.name ?? old.name,
    price: line.price ?? old.price,
    currency: line.currency ?? old.currency,
    category: line.category ?? old.category,
    url: line.url ?? old.url,
    imageUrl: line.imageUrl ?? old.imageUrl,
  }
}

/** Whether two lists hold the same pieces, in the same number and at the same prices. */
export function isSame(a: CartLine[], b: CartLine[]): boolean {
  if (a.length !== b.length) return false
  const keyOf = ({ id, variant, price, quantity }: CartLine) => JSON.stringify([id, variant, price, quantity])
  const keys = new Set(a.map(keyOf))
  return b.every((line) => keys.has(keyOf(line)))
}
