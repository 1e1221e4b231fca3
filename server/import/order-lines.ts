/**
 * Gathers the rows of a file of orders: rows of one order id are one order, wherever they stand within the last
 * `MOST_OPEN` orders. An order is passed on once so many others have begun since its last row; what comes of it after that
 * is refused, because it would replace the order with a part of it. Rows without an order id are orders of their own,
 * named by their customer, time and total.
 */
import { createHash } from 'node:crypto'
import { readOrderStatus } from '../domain/commerce/order-status.ts'
import type { OrderLine } from './order-row.ts'
import type { SourceRow } from './source-row.ts'

/** A row as it is read, or why it cannot be. */
export type LineRow = { line: number; value: OrderLine } | { line: number; code: string; message: string }

/** What became of the rows. */
export type Gathered = { rows: number; orders: number; joined: number; unnamed: number }

/** How many orders wait for further rows. */
const MOST_OPEN = 5000

/** How many rows one order may have. */
const MOST_ROWS = 1000

/** How many orders that were passed on are remembered. The oldest are forgotten. */
const MOST_REMEMBERED = 1_000_000

/** Orders are passed on in batches of this size. */
const BATCH = 500

type Open = { line: number; rows: OrderLine[] }

/** `columns`: whether the file has a column of order ids, and whether its total is that of a line by its other rows. */
export async function* gatherOrders(
  batches: AsyncIterable<LineRow[]>,
  { hasIds, isLineTotal }: { hasIds: boolean; isLineTotal: boolean },
  counts: Gathered,
): AsyncGenerator<SourceRow[]> {
  const open = new Map<string, Open>()
  const passed = createMemory()
  const unnamed = new Map<number, number>()
  let last: string | null = null
  let out: SourceRow[] = []
  const pass = (id: string, order: Open) => {
    open.delete(id)
    passed.add(id)
    out.push(...orderOf(id, order, isLineTotal))
  }
  for await (const batch of batches) {
    for (const row of batch) {
      if (!('value' in row)) {
        out.push(row)
        continue
      }
      counts.rows++
      const { value } = row
      // A further item of the order above, of which some exports repeat nothing.
      const id: string | null = value.orderId ?? (isContinuation(value) ? last : null)
      if (id === null) {
        if (!hasIds) counts.unnamed++
        out.push(hasIds ? missingId(row.line) : unnamedOrder(row.line, value, unnamed))
        continue
      }
      last = id
      const known = open.get(id)
      if (known !== undefined) {
        counts.joined++
        open.delete(id)
        open.set(id, known)
        if (known.rows.length < MOST_ROWS) known.rows.push(value)
        else
          out.push({ line: row.line, code: 'too_many_rows', message: `an order must have at most ${MOST_ROWS} rows` })
        continue
      }
      if (passed.has(id)) {
        const message = `order ${id} was read too far above: the rows of an order must stand within ${MOST_OPEN} orders`
        out.push({ line: row.line, code: 'scattered_order', message })
        continue
      }
      counts.orders++
      open.set(id, { line: row.line, rows: [value] })
      const oldest = open.size > MOST_OPEN ? open.entries().next().value : undefined
      if (oldest !== undefined) pass(...oldest)
    }
    if (out.length >= BATCH) {
      yield out
      out = []
    }
  }
  for (const [id, order] of [...open]) {
    pass(id, order)
    if (out.length < BATCH) continue
    yield out
    out = []
  }
  if (out.length > 0) yield out
}

const missingId = (line: number) => ({
  ...{ line, code: 'invalid_order', message: 'order_id must not be empty' },
})

/** Whether a row adds only an item. */
function isContinuation({ fields, total, item }: OrderLine): boolean {
  return item !== null && total === null && Object.keys(fields).length === 0
}

/** The order of a row without an id. Equal rows of one file are several orders. */
function unnamedOrder(line: number, row: OrderLine, seen: Map<number, number>): SourceRow {
  const { contact_id, email, at } = row.fields
  const text = JSON.stringify([contact_id ?? email ?? null, at ?? null, row.total, row.currency])
  const hash = createHash('sha256').update(text).digest()
  const key = hash.toString('hex').slice(0, 24)
  const short = hash.readUIntBE(0, 6)
  const n = (seen.get(short) ?? 0) + 1
  if (seen.size >= MOST_REMEMBERED) seen.clear()
  seen.set(short, n)
  return { line, value: assembled(`row:${key}${n === 1 ? '' : `:${n}`}`, [row], false) }
}

/** The order of its rows; rows of another customer are refused, because the id would fold two orders into one. */
function orderOf(id: string, { line, rows }: Open, isLineTotal: boolean): SourceRow[] {
  const customers = named(rows, 'contact_id') || named(rows, 'email')
  if (customers > 1) {
    const message = `order_id must be the id of one order, but the rows of ${id} name ${customers} customers`
    return [{ line, code: 'invalid_order', message }]
  }
  return [{ line, value: assembled(id, rows, isLineTotal) }]
}

/** How many customers the rows name in this way. */
function named(rows: readonly OrderLine[], field: string): number {
  return new Set(rows.flatMap(({ fields }) => String(fields[field] ?? '').toLowerCase() || [])).size
}

function assembled(id: string, all: readonly OrderLine[], isLineTotal: boolean): Record<string, unknown> {
  const { rows, status } = standing(all)
  const lists = rows.flatMap((row) => (row.items === null ? [] : [row.items]))
  const items = rows.flatMap((row) => (row.item === null ? [] : [row.item]))
  const total = totalOf(rows, isLineTotal)
  const currency = rows.find((row) => row.currency !== null)?.currency ?? null
  const refunded = together(rows.map((row) => row.refunded))
  const tax = together(rows.map((row) => row.tax))
  return {
    order_id: id,
    ...Object.assign({}, ...rows.map((row) => row.fields).reverse()),
    total,
    ...(currency === null ? {} : { currency }),
    ...(status === null ? {} : { status }),
    ...(refunded === null ? {} : { refunds: Math.abs(refunded) }),
    ...(tax === null ? {} : { tax }),
    ...(lists.length > 0 ? { items: lists[0] } : items.length > 0 ? { items } : {}),
  }
}

/**
 * The rows of which an order consists, and its status. Where some of its lines were called off, the others were bought.
 * Where later rows only tell the status again, the last one counts.
 */
function standing(all: readonly OrderLine[]): { rows: readonly OrderLine[]; status: string | null } {
  const first = all.find((row) => row.status !== null)?.status ?? null
  const told = all.map((row) => {
    const status = row.status ?? first
    return { row, status, piece: row.item?.item_id, reads: status === null ? 'bought' : readOrderStatus(status) }
  })
  const unknown = told.find(({ reads }) => reads === null)
  if (unknown) return { rows: all, status: unknown.status }
  const last = new Map(told.map((each) => [each.piece, each.reads] as const))
  const bought = told.filter(({ reads, piece }) => reads === 'bought' && last.get(piece) === 'bought')
  if (bought.length === 0) return { rows: all, status: told.at(-1)?.status ?? null }
  return { rows: bought.map(({ row }) => row), status: bought[0]?.status ?? null }
}

/** An amount that is the order's where all rows repeat it, and the sum of its parts where they differ. */
function together(amounts: readonly (number | null)[]): number | null {
  const said = amounts.filter((amount) => amount !== null)
  if (said.length === 0) return null
  return new Set(said).size === 1 ? (said[0] ?? null) : sum(said)
}

const sum = (amounts: readonly number[]) => Number(amounts.reduce((all, each) => all + each, 0).toFixed(6))

/**
 * The total of an order. Rows that repeat one amount mean the order's, unless the column holds the amounts of lines, or
 * the lines add up to the sum rather. Amounts that differ are those of lines, unless the lines add up to the first.
 */
function totalOf(rows: readonly OrderLine[], isLineTotal: boolean): number | string | null {
  const unreadable = rows.find((row) => typeof row.total === 'string')
  if (unreadable !== undefined) return unreadable.total
  const said = rows.flatMap((row) => (typeof row.total === 'number' ? [row.total] : []))
  const parts = rows.map((row) => row.itemTotal)
  const lines = parts.every((part) => part !== null) ? sum(parts) : null
  const [first] = said
  if (first === undefined) return lines
  const all = sum(said)
  if (said.length === 1) return first
  const isNearer = lines !== null && Math.abs(lines - first) !== Math.abs(lines - all)
  if (isNearer) return Math.abs(lines - first) < Math.abs(lines - all) ? first : all
  return new Set(said).size > 1 || isLineTotal ? all : first
}

/** Remembers which orders were passed on, by a short hash of each id. */
function createMemory() {
  const hashes = new Set<number>()
  const hashOf = (id: string) => createHash('sha1').update(id).digest().readUIntBE(0, 6)
  return {
    add(id: string) {
      if (hashes.size >= MOST_REMEMBERED) hashes.clear()
      hashes.add(hashOf(id))
    },
    has: (id: string) => hashes.size > 0 && hashes.has(hashOf(id)),
  }
}
