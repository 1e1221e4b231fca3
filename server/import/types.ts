/** The type of a column, by the evidence of its cells: what almost all of them are. */
import {
  type AttributeType,
  foldedName,
  readDate,
  readList,
  readNumber,
  readYesNo,
  type Writing,
  writingOf,
} from '../domain/attribute.ts'
import { readIsoTime } from '../domain/dates.ts'

/** The common type of a column's cells. */
export type ColumnType = 'text' | 'integer' | 'decimal' | 'boolean' | 'date' | 'timestamp' | 'list'

/** What stands in a cell in place of a value. */
const NOTHING = new Set(
  'n/a na n.a. - -- --- ? inconnu inconnue unknown unbekannt desconocido sconosciuto none aucun aucune keine'.split(
    ' ',
  ),
)

/** So large a share of at least so many cells decides: a slip of the pen makes no column of dates one of texts. */
const SHARE = 0.98
const SHARE_OF = 20

/** What a heading reveals of its cells: codes are no quantities, and numbers below a word for a day may be days. */
export type HeadingSays = { isCode: boolean; isDay: boolean; isPlural: boolean }

/** The common type of a column's non-empty cells. */
export function typeOf(
  cells: readonly string[],
  writing: Writing,
  { isCode, isDay, isPlural }: HeadingSays,
): ColumnType {
  const said = cells.filter((cell) => cell !== '' && !NOTHING.has(cell.toLowerCase()))
  if (said.length === 0) return 'text'
  const most = (test: (cell: string) => boolean) => {
    const fits = said.filter(test).length
    return fits === said.length || (said.length >= SHARE_OF && fits >= said.length * SHARE)
  }
  const isWritten = (cell: string) => readIsoTime(cell, writing.order) !== null
  const hasDays = said.some(isWritten)
  const isDate = (cell: string) => isWritten(cell) || ((isDay || hasDays) && readDate(cell, writing.order) !== null)
  if ((hasDays || isDay) && most(isDate)) {
    return said.some((cell) => readDate(cell, writing.order)?.includes('T')) ? 'timestamp' : 'date'
  }
  if (most((cell) => readYesNo(cell) !== null)) return 'boolean'
  if (!isCode && most((cell) => readNumber(cell, writing.mark) !== null)) {
    return most((cell) => /^-?\d{1,15}$/.test(cell)) ? 'integer' : 'decimal'
  }
  return isListed(said, isPlural) ? 'list' : 'text'
}

/** Words of headings such as `Tags` and `Groupes`, whose cells may hold several between commas. */
const PLURALS = new Set(
  (
    'tags tag groups groupes gruppen grupos gruppi labels etiquettes etiquetas etichette interests interets interessen ' +
    'intereses interessi segments segmente categories kategorien categorias categorie lists listes listen listas liste'
  ).split(' '),
)

const DAY_WORDS = new Set(
  (
    'date birthday birthdate dob birth born naissance nee geburtstag geburtsdatum geboren nacimiento nascita compleanno cumpleanos ' +
    'anniversary anniversaire jahrestag hochzeitstag datum fecha day tag jour since seit depuis expiry expiration'
  ).split(' '),
)

/** Whether a heading that is already plain is about a day. */
export function isDay(heading: string): boolean {
  return heading.split(' ').some((word) => DAY_WORDS.has(word))
}

/** Whether a heading that is already plain names several things. */
export function isPlural(heading: string): boolean {
  return heading.split(' ').some((word) => PLURALS.has(foldedName(word)))
}

/** Whether cells hold several short words each, out of few: labels of people, not addresses or sentences. */
function isListed(cells: readonly string[], isNamedSo: boolean): boolean {
  if (cells.every((cell) => cell.startsWith('[') && readList(cell) !== null)) return true
  const sign = isNamedSo ? /:::|[;|\n,]/ : /:::|[;|]/
  if (!cells.some((cell) => sign.test(cell))) return false
  const parts = [...new Set(cells)].flatMap((cell) => readList(cell) ?? [])
  if (parts.some((part) => part.length > 60 || part.split(' ').length > 4)) return false
  // Labels come again beside others.
  return isNamedSo || new Set(parts).size < parts.length
}

/** The type of an attribute whose column is of a type. */
export function attributeTypeOf(type: ColumnType): AttributeType {
  switch (type) {
    case 'integer':
    case 'decimal':
      return 'number'
    case 'timestamp':
      return 'date'
    case 'text':
    case 'boolean':
    case 'date':
    case 'list':
      return type
  }
}

/** The attributes that are known, by their folded names. */
export type KnownAttributes = ReadonlyMap<string, { name: string; type: AttributeType }>

/** The type of a column of a known attribute: that of its cells if it is the same, else the attribute's. */
export function columnTypeOf(type: AttributeType, found: ColumnType): ColumnType {
  if (attributeTypeOf(found) === type) return found
  return type === 'number' ? 'decimal' : type
}

const DAY_FIRST = new Set(
  (
    'jour heure montant commande naissance anniversaire prenom nom ville devise statut etat numero facture achat vente inscription ' +
    'datum uhrzeit betrag bestellung bestellnummer bestelldatum vorname nachname geburtsdatum geburtstag kunde kundennummer ' +
    'fecha hora importe pedido nombre apellidos nacimiento cliente correo estado ' +
    'data ora importo ordine cognome nascita codice scontrino totale'
  ).split(' '),
)

/** Whether the headings, which are already plain, are French, German, Spanish or Italian: there the day comes first. */
export function isDayFirst(headings: readonly string[]): boolean {
  // `data` and `nom` alone may be English or anybody's.
  return headings.flatMap((heading) => heading.split(' ')).filter((word) => DAY_FIRST.has(word)).length > 1
}

/** How a file writes days and numbers, where its columns agree: they tell what one of them leaves open. */
export function sharedWriting(columns: readonly (readonly string[])[]): Writing {
  const writings = columns.map(writingOf)
  const agreed = <T>(values: (T | null)[]): T | null => {
    const found = new Set(values.filter((value) => value !== null))
    return found.size === 1 ? ([...found][0] ?? null) : null
  }
  return { order: agreed(writings.map(({ order }) => order)), mark: agreed(writings.map(({ mark }) => mark)) }
}
