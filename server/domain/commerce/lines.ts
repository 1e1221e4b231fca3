/**
 * The lines of a commerce event: which pieces, how many of each, at which price. Reads the dialects of GA4 (`items`),
 * Segment (`products`, or the event itself), Universal Analytics (`ecommerce.add.products`) and shops of their own.
 * Nothing is invented: what a sender does not say, or says unreadably, is null, and the latter is listed as a problem.
 */
import { parseJson } from '../nul.ts'
import { perUnit, readAmount, readQuantity } from './amount.ts'
import { currencyOf } from './currency.ts'
import { type Fields, fieldsOf, firstOf, firstText, isExactNumber, textOf } from './fields.ts'

/** What could not be read in a commerce event. */
export const COMMERCE_PROBLEMS = [
  ...(['items_unreadable', 'too_many_items', 'item_unreadable', 'item_id_missing', 'item_id_rounded'] as const),
  ...([
    'price_unreadable',
    'quantity_unreadable',
    'amount_unreadable',
    'currency_unknown',
    'currency_missing',
  ] as const),
  'order_id_missing',
] as const

/** One thing that could not be read, with what was sent. */
export type CommerceProblem = { kind: (typeof COMMERCE_PROBLEMS)[number]; given: unknown }

/** One line as it was sent. `price` is an amount per unit; `currency` is the line's own. */
export type Line = {
  id: string
  variant: string | null
  name: string | null
  price: number | null
  currency: string | null
  /** Null if nobody said. */
  quantity: number | null
  category: string | null
  /** All levels of its category, as they were sent, the first one first. */
  categories: string[]
  url: string | null
  imageUrl: string | null
}

/** The lines of an event. `listed`: the sender listed them, even if the list is empty. */
export type Lines = { lines: Line[]; listed: boolean; problems: CommerceProblem[] }

/** A list that is longer is cut. */
const MAX_LINES = 200

/** A list as JSON in a text is not longer. */
const MAX_JSON = 32_768

const LISTS = ['items', 'products', 'lineitems', 'cartitems', 'contents']
/** Universal Analytics' actions, each with `products`. */
const ACTIONS = ['add', 'remove', 'checkout', 'purchase', 'refund', 'detail', 'click', 'cart']
const IDS = ['itemid', 'id', 'productid', 'sku', 'itemsku', 'productsku']
const VARIANTS = ['itemvariant', 'variant', 'variantid', 'variationid']
const NAMES = ['itemname', 'name', 'productname', 'title']
const PRICES = ['price', 'itemprice', 'unitprice']
const LINE_TOTALS = ['linetotal', 'totalprice', 'linevalue']
const QUANTITIES = ['quantity', 'qty', 'itemquantity']
const CATEGORIES = [
  ...['itemcategory', 'category', 'itemcategory1', 'itemcategory2', 'itemcategory3', 'itemcategory4'],
  ...['itemcategory5', 'categories', 'productcategory'],
]
const URLS = ['url', 'itemurl', 'producturl', 'link']
const IMAGES = ['imageurl', 'itemimageurl', 'image', 'picture']
/** Names under which a line holds its piece. */
const PIECES = ['product', 'item', 'merchandise', 'node']

/**
 * Reads the lines of an event: those that it lists, or its own fields if they name a piece. `isOrder`: a bare `id` is that
 * of the order. `home` is the site's own currency.
 */
export function linesOf(props: Record<string, unknown>, isOrder: boolean, home: string | null): Lines {
  return linesAmong(fieldsOf(props), isOrder, home)
}

/** The same for an event's fields. */
export function linesAmong(own: Fields, isOrder: boolean, home: string | null): Lines {
  const problems: CommerceProblem[] = []
  const given = listIn(own)
  if (isUnreadable(given)) {
    return { lines: [], listed: false, problems: [{ kind: 'items_unreadable', given: given.unreadable }] }
  }
  if (given === null) {
    const line = ownLine(own, isOrder, home, problems)
    return { lines: line === null ? [] : [line], listed: false, problems }
  }
  const lines: Line[] = []
  for (const item of given.slice(0, MAX_LINES)) {
    const line = lineOf(item, home, problems)
    if (line !== null) lines.push(line)
  }
  if (given.length > MAX_LINES) problems.push({ kind: 'too_many_items', given: given.length })
  return { lines, listed: true, problems: oneOfEach(problems) }
}

/** The first problem of each kind. */
export function oneOfEach(problems: CommerceProblem[]): CommerceProblem[] {
  if (problems.length < 2) return problems
  return [...Map.groupBy(problems, ({ kind }) => kind).values()].flatMap(([first]) => first ?? [])
}

/** What stands where a list should. */
type Unreadable = { unreadable: unknown }
type List = unknown[] | Unreadable | null

function isUnreadable(list: List): list is Unreadable {
  return list !== null && !Array.isArray(list)
}

/** The list of an event. Null if it has none. */
function listIn(fields: Fields): List {
  const found = listAmong(fields)
  if (Array.isArray(found)) return found
  const inner = [fields.get('ecommerce'), fields.get('cart')].filter((each) => each !== undefined)
  let unreadable = found
  for (const place of inner.map((each) => fieldsOf(each))) {
    const actions = ACTIONS.flatMap((action) => (place.has(action) ? fieldsOf(place.get(action)) : []))
    for (const list of [place, ...actions].map(listAmong)) {
      if (Array.isArray(list)) return list
      unreadable ??= list
    }
    // A page that shows one piece may list others beside it.
    const shown = place.get('impressions')
    if (Array.isArray(shown)) return shown
  }
  return unreadable
}

function listAmong(fields: Fields): List {
  let unreadable: Unreadable | null = null
  for (const name of LISTS) {
    const value = fields.get(name)
    if (value === undefined) continue
    const list = asList(value)
    if (list !== null) return list
    unreadable ??= { unreadable: value }
  }
  return unreadable
}

/** A list as it is, as JSON in a text, as an object with numbers for keys, or as a single item. */
function asList(value: unknown): unknown[] | null {
  if (Array.isArray(value)) return value
  if (typeof value === 'string') {
    const text = value.length > MAX_JSON ? '' : value.trim()
    if (!/^[[{]/.test(text)) return null
    try {
      const parsed = parseJson(text)
      return typeof parsed === 'string' ? null : asList(parsed)
    } catch {
      return null
    }
  }
  if (typeof value !== 'object' || value === null) return null
  const keys = Object.keys(value)
  if (keys.every((key) => /^\d{1,9}$/.test(key))) return Object.values(value)
  const fields = fieldsOf(value)
  return [...IDS, ...PIECES, 'itemname'].some((name) => fields.has(name)) ? [value] : null
}

function ownLine(fields: Fields, isOrder: boolean, home: string | null, problems: CommerceProblem[]): Line | null {
  const ids = isOrder ? IDS.filter((name) => name !== 'id') : IDS
  noteRounded(fields, ids, problems)
  const id = firstText(fields, [...ids, 'itemname'])
  return id === null ? null : readLine(id, fields, home, problems)
}

function lineOf(item: unknown, home: string | null, problems: CommerceProblem[]): Line | null {
  if (typeof item === 'string' || typeof item === 'number') {
    const id = textOf(item)
    if (id !== null) return readLine(id, fieldsOf(), home, problems)
    problems.push({ kind: typeof item === 'number' ? 'item_id_rounded' : 'item_id_missing', given: item })
    return null
  }
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    problems.push({ kind: 'item_unreadable', given: item })
    return null
  }
  const outer = fieldsOf(item)
  const piece = firstOf(outer, PIECES)
  const fields = piece === undefined ? outer : fieldsOf(item, piece)
  const isRounded = noteRounded(fields, IDS, problems)
  const id = firstText(fields, IDS) ?? firstText(fields, ['itemname', 'name'])
  if (id !== null) return readLine(id, fields, home, problems)
  if (!isRounded) problems.push({ kind: 'item_id_missing', given: item })
  return null
}

/** Notes an id whose digits are lost. Returns whether there is one. */
function noteRounded(fields: Fields, ids: readonly string[], problems: CommerceProblem[]): boolean {
  const rounded = ids.map((name) => fields.get(name)).find((id) => typeof id === 'number' && !isExactNumber(id))
  if (rounded === undefined) return false
  problems.push({ kind: 'item_id_rounded', given: rounded })
  return true
}

function readLine(id: string, fields: Fields, home: string | null, problems: CommerceProblem[]): Line {
  const quantity = quantityOf(fields, problems)
  const price = readField(fields, PRICES, home, problems)
  const total = price === null ? readField(fields, LINE_TOTALS, home, problems) : null
  const stated = firstOf(fields, ['currency', 'currencycode'])
  const categories = categoriesOf(fields)
  return {
    id,
    variant: firstText(fields, VARIANTS),
    name: firstText(fields, NAMES),
    price: price?.amount ?? (total && perUnit(total.amount, quantity)),
    currency: currencyOf(stated, home) ?? price?.currency ?? total?.currency ?? null,
    quantity,
    category: categories[0] ?? null,
    categories,
    url: firstText(fields, URLS),
    imageUrl: firstText(fields, IMAGES),
  }
}

function readField(fields: Fields, names: readonly string[], home: string | null, problems: CommerceProblem[]) {
  const value = firstOf(fields, names)
  if (value === undefined) return null
  const read = readAmount(value, home)
  if (read === null) problems.push({ kind: 'price_unreadable', given: value })
  return read
}

function quantityOf(fields: Fields, problems: CommerceProblem[]): number | null {
  const value = firstOf(fields, QUANTITIES)
  if (value === undefined) return null
  const quantity = readQuantity(value)
  if (quantity === null) problems.push({ kind: 'quantity_unreadable', given: value })
  return quantity
}

/** No piece is on more levels of categories. */
const MAX_CATEGORIES = 12

/** The texts under all names of categories: a text, a list, or objects with a name. */
function categoriesOf(fields: Fields): string[] {
  const found = new Set<string>()
  for (const name of CATEGORIES) {
    const value = fields.get(name)
    if (value === undefined) continue
    for (const each of Array.isArray(value) ? value.slice(0, MAX_CATEGORIES) : [value]) {
      const text = textOf(each) ?? firstText(fieldsOf(each), ['name', 'title'])
      if (text !== null) found.add(text)
    }
  }
  return [...found].slice(0, MAX_CATEGORIES)
}
