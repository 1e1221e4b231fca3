/**
 * The map that a sender may give: which column is which field. `{"Kunden-Nr":"id"}` or `Kunden-Nr:id,Mail:email`; a
 * column is named by its heading or by its number, as in `#3`; `-` skips it. Columns that are not mapped are guessed.
 */
import { ImportRefusal, listed } from './columns.ts'
import { shownHeading } from './heading.ts'

/** Fields by the heading of their column. */
export type FieldMap = Map<string, string>

/** A permission with the values that allow, and after `!` those that refuse: `mail_consent=Weekly|Monthly|!Paper`. */
const PERMISSION = /^mail_(consent|refusal)=/

/** Reads a map, empty if there is none. `fields` are the valid field names. */
export function parseMap(text: string | undefined, fields: readonly string[], attributes: boolean): FieldMap {
  const map: FieldMap = new Map()
  if (text === undefined || text.trim() === '') return map
  for (const [column, field] of pairs(text.trim())) {
    const bare = field.startsWith('attributes.') ? field.slice('attributes.'.length) : field
    const known = field === '-' || fields.includes(PERMISSION.test(field) ? (field.split('=', 1)[0] ?? '') : field)
    if (!known && (!attributes || bare === '' || bare.length > 200)) {
      const others = attributes ? ', or the name of an attribute' : ''
      throw new ImportRefusal('bad_map', `a field in map must be ${fields.join(', ')}, -${others} (got "${field}")`)
    }
    map.set(shownHeading(column), known ? field : `attributes.${bare}`)
  }
  return map
}

function pairs(text: string): [string, string][] {
  const wrong = () =>
    new ImportRefusal('bad_map', 'map must be a JSON object of column and field, or column:field,column:field')
  if (text.startsWith('{')) {
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      throw wrong()
    }
    const entries = Object.entries(parsed as Record<string, unknown>)
    if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) throw wrong()
    return entries.map(([column, field]) => [column, field.trim()])
  }
  return text.split(',').map((pair) => {
    const cut = pair.lastIndexOf(':')
    if (cut < 1) throw wrong()
    return [pair.slice(0, cut), pair.slice(cut + 1).trim()]
  })
}

/** The map's entry for a column: a field, null to skip it, undefined if it has none. */
export function mappedField(map: FieldMap, heading: string, index: number): string | null | undefined {
  const field = map.get(heading) ?? map.get(`#${index + 1}`)
  return field === '-' ? null : field
}

/** Refuses a map that names missing columns. */
export function checkMap(map: FieldMap, headings: readonly string[]): void {
  for (const column of map.keys()) {
    const n = /^#(\d+)$/.exec(column)
    if (headings.includes(column) || (n && Number(n[1]) >= 1 && Number(n[1]) <= headings.length)) continue
    throw new ImportRefusal('bad_map', `map names the column "${column}", but the headings are ${listed(headings)}`)
  }
}
