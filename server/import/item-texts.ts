/**
 * The items of an order in one cell, as plugins of shop systems write them: JSON, `id:3|name:Ring|quantity:1` with a
 * semicolon between items, `2× Ring, 1× Chain`, or a list of article numbers.
 */
import { parseJson } from '../domain/nul.ts'

/** A cell is not longer. */
const MAX_LENGTH = 200_000

/** No order has more items. */
const MAX_ITEMS = 500

/** The names of an item's fields in such texts, and what they are called here. */
const KEYS: Record<string, string> = {
  ...{
    id: 'line_id',
    line_item_id: 'line_id',
    item_id: 'item_id',
    product_id: 'product_id',
    variation_id: 'variant_id',
  },
  ...{ name: 'item_name', product: 'item_name', title: 'item_name', sku: 'sku', quantity: 'quantity', qty: 'quantity' },
  ...{ total: 'line_total', subtotal: 'subtotal', sub_total: 'subtotal', price: 'price', item_price: 'price' },
  ...{ unit_price: 'price', variation: 'variant', variant: 'variant' },
}

/** Reads the items in a cell. Null if they cannot be read. */
export function readItemTexts(cell: string): unknown[] | null {
  const text = cell.length > MAX_LENGTH ? '' : cell.trim()
  if (text === '') return null
  if (/^[[{]/.test(text)) return readJson(text)
  if (/^product [a-z ]{1,20}:/i.test(text)) return readDetails(text)
  if (/^[\w ]{1,40}:[^|]*\|/.test(text)) return readPiped(text)
  const pieces = text.split(/[,;\n|]/, MAX_ITEMS + 1).map((piece) => piece.trim())
  const named = pieces.filter((piece) => piece !== '')
  const counted = named.map(readCounted)
  if (counted.every((item) => item !== null)) return counted
  // A name may hold a comma: then the whole text is one item.
  if (counted.some((item) => item !== null)) return null
  return named.map((item_id) => ({ item_id, quantity: 1 }))
}

function readJson(text: string): unknown[] | null {
  try {
    const parsed: unknown = parseJson(text)
    if (Array.isArray(parsed)) return parsed
    if (typeof parsed !== 'object' || parsed === null) return null
    const inner = Object.values(parsed)
    return inner.length > 0 && inner.every((each) => typeof each === 'object' && each !== null) ? inner : [parsed]
  } catch {
    return null
  }
}

/** `2 x Ring` or `Ring × 2`. */
function readCounted(piece: string): Record<string, unknown> | null {
  const first = /^(\d{1,6})\s{0,3}[x×*]\s{0,3}(\S.{0,300})$/i.exec(piece)
  if (first) return { item_id: first[2], item_name: first[2], quantity: Number(first[1]) }
  const last = /[\s(][x×*]\s{0,3}(\d{1,6})\)?$/i.exec(piece)
  if (!last || last.index === 0) return null
  const name = piece.slice(0, last.index).trim()
  return { item_id: name, item_name: name, quantity: Number(last[1]) }
}

/** The fields of an item in BigCommerce's words. */
const DETAILS: Record<string, string> = {
  ...{ qty: 'quantity', quantity: 'quantity', sku: 'sku', name: 'item_name', id: 'product_id' },
  ...{ 'unit price': 'price', 'total price': 'line_total' },
}

/** `Product Qty: 1, Product SKU: R-1, Product Name: Ring`, items separated by bars. */
function readDetails(text: string): unknown[] | null {
  const items = text.split('|', MAX_ITEMS + 1).map((piece) => {
    const item: Record<string, string> = {}
    for (const part of piece.split(/,\s?(?=product )/i)) {
      const cut = part.indexOf(':')
      const key =
        DETAILS[
          part
            .slice(0, Math.max(cut, 0))
            .trim()
            .toLowerCase()
            .replace(/^product /, '')
        ]
      if (key !== undefined) item[key] = part.slice(cut + 1).trim()
    }
    const { sku, product_id, ...rest } = item
    const item_id = sku || product_id || rest.item_name
    return { ...rest, item_id, ...(sku && product_id ? { other_ids: [product_id] } : {}) }
  })
  return items.every(({ item_id }) => item_id !== undefined && item_id !== '') ? items : null
}

/** `key:value|key:value`, items separated by semicolons. What does not begin with a known key belongs to the value before. */
function readPiped(text: string): unknown[] | null {
  const items: Record<string, string>[] = []
  let key: string | null = null
  let first: string | null = null
  for (const piece of text.split(/([|;])/)) {
    if (piece === '|' || piece === ';') continue
    const cut = piece.indexOf(':')
    const name = cut < 0 ? '' : piece.slice(0, cut).trim().toLowerCase().replaceAll(' ', '_')
    const isKey = /^[a-z_]{1,40}$/.test(name)
    const last = items.at(-1)
    if (!isKey) {
      if (last === undefined) return null
      if (key !== null) last[key] = `${last[key] ?? ''} ${piece.trim()}`.trim()
      continue
    }
    // An item begins where the first key of all comes again.
    if (first === null || name === first) {
      if (items.length >= MAX_ITEMS) return null
      items.push({})
    }
    first ??= name
    key = KEYS[name] ?? null
    const item = items.at(-1)
    if (key !== null && item !== undefined && item[key] === undefined) item[key] = piece.slice(cut + 1).trim()
  }
  return items.map(({ line_id, sku, product_id, item_id, subtotal, ...rest }) => {
    const ids = [item_id, product_id, sku, line_id].filter((id) => id !== undefined && id !== '' && id !== '0')
    const chosen = [item_id, sku, product_id, line_id, rest.item_name].find((id) => id !== undefined && id !== '')
    // The number of the line itself stands for the piece only where nothing else does.
    const others = ids.filter((id) => id !== chosen && (id !== line_id || product_id === undefined))
    return {
      ...rest,
      item_id: chosen,
      ...(rest.line_total === undefined && subtotal !== undefined ? { line_total: subtotal } : {}),
      ...(others.length > 0 ? { other_ids: others } : {}),
    }
  })
}
