/**
 * Guesses the fields of a contact file's columns from their headings and the cells of the first rows. An unknown column
 * becomes an attribute. It never takes secrets, somebody else's address as the contact's, or a permission that nobody
 * gave.
 */

import { foldedName, writingOf } from '../domain/attribute.ts'
import { dayOrderOf, readInstant } from '../domain/dates.ts'
import { looksLikeEmail } from '../domain/identifier.ts'
import { type Column, ImportRefusal, listed, type Table } from './columns.ts'
import { attributeName, hasWord, isOfAnother, isSecretHeading, plain } from './heading.ts'
import {
  DELETED,
  EMAIL,
  EMAIL_WORDS,
  ID,
  MERGED_INTO,
  MINOR,
  NAMES,
  OPEN_NAMES,
  PHONE,
  SECOND_WORDS,
  TEXT_WORDS,
  UPDATED_AT,
} from './headings.ts'
import { type FieldMap, mappedField } from './map.ts'
import { permissionColumn } from './permission/column.ts'
import { guessPermission, mappedGuess } from './permission/guess.ts'
import { questionOf } from './permission/question.ts'
import { columnTypeOf, isDay, isDayFirst, isPlural, type KnownAttributes, sharedWriting, typeOf } from './types.ts'
import { readAddress, readFlag, resemblesAddress } from './values.ts'

/** Fields that only one column of a file may have. */
const SINGLE = ['id', 'email', 'email_sha256', 'phone', 'minor', 'merged_into', 'updated_at', 'deleted']

/**
 * Columns with their fields. `map` comes from the sender; the rest is guessed. Attributes that are known keep their name
 * and type. `byAddress`: the file's ids are another system's. Refuses a file that identifies nobody.
 */
export function contactColumns(table: Table, map: FieldMap, known: KnownAttributes, byAddress = false): Column[] {
  const columns = describeColumns(table)
  const open = leaveOutSecrets(columns, table)
  const taken = new Set<string>()
  const take = (field: string, column: Column | undefined) => {
    if (column === undefined || taken.has(field)) return
    column.field = field
    taken.add(field)
    open.delete(column)
  }
  for (const column of [...open]) {
    const mapped = mappedField(map, column.column, column.index)
    if (mapped === undefined) continue
    if (mapped === 'id' && byAddress) continue
    if (mapped !== null && SINGLE.includes(mapped) && taken.has(mapped)) {
      throw new ImportRefusal('bad_map', `map must name one column for ${mapped}`)
    }
    open.delete(column)
    column.field = mapped
    if (mapped === null) column.note = 'skipped by the map'
    else taken.add(mapped)
    const permission = mapped === null ? null : mappedGuess(mapped, column.column)
    if (permission === null) continue
    Object.assign(column, permission)
    column.field = mapped?.split('=', 1)[0] ?? null
  }
  const headings = new Map(columns.map((column) => [column, plain(column.column)]))
  const best = (names: readonly string[], fits: (cells: string[]) => boolean) =>
    names
      .flatMap((name) => [...open].filter((column) => headings.get(column) === name))
      .find((column) => fits(filledCells(table, column)))

  for (const column of ownColumns(table)) {
    const own = columns[column]
    if (own === undefined || !open.delete(own)) continue
    if (own.column === 'attributes') own.field = 'attributes'
    else own.note = 'Couture’s own: it says nothing new about the customer'
  }
  take(
    'email_sha256',
    [...open].find((column) => isHashedAddress(column.column, filledCells(table, column))),
  )
  if (!taken.has('email')) take('email', addressColumn([...open], table))
  for (const column of columns) {
    // A list of those who have unsubscribed, by their addresses.
    const isOfRefusals = column.field === 'email' && questionOf(column.column)?.asks === 'forbids'
    if (isOfRefusals)
      Object.assign(column, { permission: permissionColumn('forbids'), note: 'addresses that refuse mail' })
  }
  if (!byAddress) {
    take(
      'id',
      best(ID, (cells) => !repeats(cells)) ?? [...open].find((column) => isOfGuids(column, filledCells(table, column))),
    )
  }
  take(
    'deleted',
    best(DELETED, (cells) => cells.every((cell) => readFlag(cell) !== null || readInstant(cell, null) !== null)),
  )
  take(
    'updated_at',
    best(UPDATED_AT, (cells) => cells.length > 0 && areInstants(cells)),
  )
  take(
    'phone',
    best(PHONE, (cells) => cells.length > 0 && cells.filter(hasDigits).length * 2 >= cells.length),
  )
  take(
    'minor',
    best(MINOR, (cells) => cells.every((cell) => readFlag(cell) !== null)),
  )
  take(
    'merged_into',
    best(MERGED_INTO, () => true),
  )
  for (const column of open) if (askPermission(column, filledCells(table, column))) open.delete(column)
  for (const column of open) becomeAttribute(column, filledCells(table, column), columns)
  for (const column of columns) takeKnown(column, known)

  if (!columns.some((column) => column.field === 'id' || column.field === 'email')) {
    throw new ImportRefusal(
      'no_id_column',
      'the file must have a column of contact ids or of mail addresses, or a map that names one ' +
        `(its headings are ${listed(table.headings)})`,
    )
  }
  return columns
}

/** The columns of a table, of which only the type is known yet. */
export function describeColumns(table: Table): Column[] {
  const shared = sharedWriting(table.cells)
  // Who writes decimals with commas, or headings in these languages, writes the day first.
  const isLocal = shared.mark === ',' || isDayFirst(table.headings.map(plain))
  return table.headings.map((heading, index) => {
    const cells = table.cells[index] ?? []
    const name = plain(heading)
    const says = { isCode: hasWord(name, TEXT_WORDS), isDay: isDay(name), isPlural: isPlural(name) }
    const writing = writingOf(cells)
    const order = writing.order ?? shared.order ?? (isLocal ? 'dmy' : null)
    const mark = writing.mark ?? shared.mark
    return { index, column: heading, field: null, type: typeOf(cells, { order, mark }, says), order, mark }
  })
}

/** Notes why secrets are skipped, and returns the other columns. No map can bring a secret back. */
export function leaveOutSecrets(columns: readonly Column[], table: Table): Set<Column> {
  const open = new Set<Column>()
  for (const column of columns) {
    const cells = filledCells(table, column)
    if (cells.some(isStoredPassword)) column.note = 'dropped: its cells are hashes of passwords'
    else if (isSecretHeading(column.column) && !isHashedAddress(column.column, cells)) {
      column.note = 'dropped: passwords, hashes and tokens are never kept'
    } else open.add(column)
  }
  return open
}

/** The non-empty cells of a column. */
export function filledCells(table: Table, column: Column): string[] {
  return (table.cells[column.index] ?? []).filter((cell) => cell !== '')
}

/** The first column of the contact's own addresses; a secondary one only if there is no other. */
function addressColumn(columns: Column[], table: Table): Column | undefined {
  const own = columns.filter((column) => !isOfAnother(column.column))
  const candidates = own.filter((column) => {
    const [name, cells] = [plain(column.column), filledCells(table, column)]
    const addresses = cells.filter(isAddress).length
    if (EMAIL.includes(name))
      return cells.length === 0 || addresses > 0 || !cells.every((cell) => readFlag(cell) !== null)
    return hasWord(name, EMAIL_WORDS) && questionOf(name) === null && addresses > 0 && addresses * 2 >= cells.length
  })
  const first = candidates.find((column) => !hasWord(plain(column.column), SECOND_WORDS)) ?? candidates[0]
  if (first) return first
  // A column with another heading that holds nothing but addresses.
  return own.find((column) => {
    const cells = filledCells(table, column)
    return cells.length > 0 && cells.filter(isAddress).length >= cells.length * 0.9
  })
}

function isAddress(cell: string): boolean {
  const { address } = readAddress(cell)
  return looksLikeEmail(address) && resemblesAddress(address, true)
}

function isHashedAddress(heading: string, cells: string[]): boolean {
  const name = plain(heading)
  const is = hasWord(name, EMAIL_WORDS) || name.includes('sha256') || name.includes('sha 256')
  const filled = cells.filter((cell) => cell !== '')
  return is && filled.length > 0 && filled.every((cell) => /^[0-9a-f]{64}$/i.test(cell))
}

function isStoredPassword(cell: string): boolean {
  return /^(\$2[abxy]\$\d\d\$|\$argon2|\$[156]\$|\{S?SHA\}|pbkdf2_|scrypt:)/.test(cell)
}

/** Couture's own files, by headings that only they have together, and what of them says something about the customer. */
const OWN: [string[], string[]][] = [
  [
    ['contact_id', 'mailable', 'why_not_mailable'],
    ['contact_id', 'email', 'email_sha256'],
  ],
  [
    ['mail_consent_at', 'attributes', 'imported_at'],
    ['id', 'email', 'email_sha256', 'phone', 'mail_consent', 'mail_consent_at', 'minor', 'merged_into', 'updated_at'],
  ],
]

/** The columns of Couture's own files that are not read as those of others are. */
function ownColumns({ headings }: Table): number[] {
  const facts = OWN.find(([signs]) => signs.every((sign) => headings.includes(sign)))?.[1]
  return facts === undefined ? [] : headings.flatMap((heading, index) => (facts.includes(heading) ? [] : [index]))
}

/** Dynamics heads the ids of its records by the kind of record. */
function isOfGuids(column: Column, cells: string[]): boolean {
  const isGuid = (cell: string) => /^\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?$/i.test(cell)
  return (
    /\b(contact|kontakt|contacto|contatto|lead|guid|uuid)\b/.test(plain(column.column)) &&
    cells.length > 0 &&
    cells.every(isGuid)
  )
}

/** Ids of people hardly repeat: such a column identifies a group, a shop or an order's customer. */
function repeats(cells: string[]): boolean {
  return cells.length >= 20 && new Set(cells).size < cells.length / 2
}

function areInstants(cells: string[]): boolean {
  const order = dayOrderOf(cells)
  return cells.every((cell) => readInstant(cell, order) !== null)
}

function hasDigits(cell: string): boolean {
  return (cell.match(/\d/g)?.length ?? 0) >= 3
}

/** Notes what a column says about mail. Returns whether that is all it says. */
function askPermission(column: Column, cells: string[]): boolean {
  const guess = guessPermission(column.column, cells, column.order)
  if (guess === null) return false
  column.permission = guess.permission
  column.note = guess.note
  if (!guess.isWhole) return false
  column.field = guess.permission.role === 'date_of_yes' ? 'mail_consent_at' : 'mail_consent'
  return true
}

function becomeAttribute(column: Column, cells: string[], columns: readonly Column[]): void {
  const heading = column.column
  if (/^column_\d+$/.test(heading) && cells.length === 0) {
    column.note = 'it has neither a heading nor any values'
    return
  }
  const known = nameIn(heading, columns)
  const keeps = heading === 'firstname' || heading === 'lastname' || heading === 'full_name'
  const wanted = (known === undefined || keeps ? attributeName(heading) : known) || `column_${column.index + 1}`
  const used = new Set(columns.map((each) => foldedName(each.field ?? '')))
  let unique = wanted
  for (let n = 2; used.has(foldedName(`attributes.${unique}`)); n++) unique = `${wanted}_${n}`
  column.field = `attributes.${unique}`
  if (column.permission !== undefined) return
  if (isOfAnother(heading) && cells.some(isAddress)) column.note = 'somebody else’s address'
  else if (column.note === undefined && cells.length > 0 && cells.every(isAddress))
    column.note = 'an additional address'
}

/** An attribute that is known keeps its name, whatever the case and accents of the heading, and its type. */
function takeKnown(column: Column, known: KnownAttributes): void {
  if (!column.field?.startsWith('attributes.')) return
  const attribute = known.get(foldedName(column.field.slice('attributes.'.length)))
  if (attribute === undefined) return
  column.field = `attributes.${attribute.name}`
  const type = columnTypeOf(attribute.type, column.type)
  if (type !== column.type && column.note === undefined) column.note = `the attribute is a ${attribute.type} already`
  column.type = type
}

/** The part of a name that a heading holds, given the other headings; undefined if it holds none. */
function nameIn(heading: string, columns: readonly Column[]): string | undefined {
  const name = plain(heading)
  const partOf = (text: string) => Object.entries(NAMES).find(([, spellings]) => spellings.includes(text))?.[0]
  if (!OPEN_NAMES.includes(name)) return partOf(name)
  const others = columns.map((column) => partOf(plain(column.column)))
  const [first, last] = [others.includes('first_name'), others.includes('last_name')]
  return first === last ? 'name' : first ? 'last_name' : 'first_name'
}
