/** Reads the text of a single cell. Pure and careful: a reader returns null rather than guess. */

import { unguardCell } from '../domain/csv-cell.ts'

/**
 * A cell without what spreadsheets and dumps put around or in place of a value, and what our own exports put before a
 * formula; '' if it is empty.
 */
export function cleanCell(cell: string): string {
  const text = withoutEdges(cell)
  if (text === '\\N' || text === 'NULL' || text === '(null)' || text === '<null>' || text === '#N/A') return ''
  if (text.length > 2 && text.startsWith('="') && text.endsWith('"')) return text.slice(2, -1).trim()
  const bare = unguardCell(text)
  // The apostrophe by which a spreadsheet keeps a number or an address as text.
  return /^['’](?=\d|[^\s'’@]{1,64}@)/.test(bare) ? bare.slice(1) : bare
}

/** A text without the space and the marks of no width around it. */
function withoutEdges(cell: string): string {
  const text = cell.trim()
  let [from, to] = [0, text.length]
  while (from < to && EDGE.test(text.charAt(from))) from++
  while (to > from && EDGE.test(text.charAt(to - 1))) to--
  return text.slice(from, to)
}

const EDGE = /[\s\u200b-\u200f\u2060\ufeff]/

/** An id as its system wrote it: spreadsheets write 17850 as 17850.0. */
export function readId(text: string): string {
  return /^(\d{1,200})[.,]0{1,6}$/.exec(text)?.[1] ?? text
}

/** Whether a spreadsheet has rounded a number, so that different ones have become the same. */
export function isRounded(text: string): boolean {
  return /^\d([.,]\d+)?E\+?\d+$/i.test(text)
}

/** The addresses in a cell, the contact's own first: several are separated by semicolons, commas, bars or spaces. */
export function readAddresses(text: string): string[] {
  if (text.length > MAX_ADDRESSES) return []
  const parts = text.split(/[;,|]|\s:::\s|\s\/\s|\n/).map((part) => part.trim())
  const more = parts.flatMap((part) => (part.includes('<') ? [part] : part.split(/\s+/)))
  return more.filter((part) => part.includes('@')).map((part) => readOne(part).address)
}

/** No cell with addresses is longer. */
const MAX_ADDRESSES = 2000

const words = (text: string) => new Set(text.split(' '))
const YES = words('1 true t yes y on oui vrai ja j wahr si verdadero vero')
const NO = words('0 false f no n off non faux nein falsch falso')
/** No cell that is longer is one of the words above. */
const MAX_WORD = 200

function wordOf(text: string): string {
  if (text.length > MAX_WORD) return text
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}-]+/gu, '')
    .replace(/(\p{L})-+(?=\p{L})/gu, '$1')
}

/** A plain yes or no, in five languages; null for any other text. */
export function readFlag(text: string): boolean | null {
  const word = /^([01])\.0+$/.exec(text.trim())?.[1] ?? wordOf(text)
  return YES.has(word) ? true : NO.has(word) ? false : null
}

/** The address in a cell: bare, `mailto:`, or `Name <address>` with the name; the first of several joined by Google. */
export function readAddress(text: string): { address: string; name: string | null } {
  const [first = ''] = text.split(' ::: ', 1)
  return readOne(first.trim())
}

function readOne(cell: string): { address: string; name: string | null } {
  const named = readNamed(cell)
  const address = named?.address ?? cell
  return { address: address.replace(/^mailto:/i, ''), name: named?.name ?? null }
}

/** The parts of `"Name" <address>`; null for anything else. */
function readNamed(cell: string): { address: string; name: string | null } | null {
  const cut = cell.indexOf('<')
  if (cut < 0 || cell.indexOf('>') !== cell.length - 1) return null
  const address = cell.slice(cut + 1, -1).trim()
  if (address === '' || address.includes('<')) return null
  let name = cell.slice(0, cut).trim()
  if (name.startsWith('"')) name = name.slice(1)
  if (name.endsWith('"')) name = name.slice(0, -1)
  return name.includes('"') ? null : { address, name: name.trim() || null }
}

/** Whether a text without spaces has an @ with something on both sides; `dotted`: and a dot within what follows. */
export function resemblesAddress(text: string, dotted: boolean): boolean {
  const at = text.indexOf('@', 1)
  if (at < 0 || at === text.length - 1 || /\s/.test(text)) return false
  return !dotted || text.slice(at + 2, -1).includes('.')
}
