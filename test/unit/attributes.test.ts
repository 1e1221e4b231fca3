/**
 * Attributes of contacts: the type of a column by all of its cells, and what each cell is as a value of that type. Each row
 * is a column as spreadsheets and tools write it.
 */
import { describe, expect, test } from 'vitest'
import { type AttributeType, foldedName, typeOfValues, valueAs, writingOf } from '../../server/domain/attribute.ts'
import { plain } from '../../server/import/heading.ts'
import { attributeTypeOf, isDay, isPlural, typeOf } from '../../server/import/types.ts'

const read = (heading: string, cells: string[], isCode = false) => {
  const writing = writingOf(cells)
  const says = { isCode, isDay: isDay(plain(heading)), isPlural: isPlural(plain(heading)) }
  const type = typeOf(cells, writing, says)
  return { type, values: cells.map((cell) => valueAs(cell, attributeTypeOf(type), writing)) }
}

describe('a column', () => {
  test.each<[heading: string, cells: string[], type: string, values: unknown[]]>([
    ['Points', ['1', '20', '-3'], 'integer', [1, 20, -3]],
    ['Points', ['1', '007'], 'text', ['1', '007']],
    ['Points', ['1.5', '2'], 'decimal', [1.5, 2]],
    ['Points', ['1,5', '12,25'], 'decimal', [1.5, 12.25]],
    ['Points', ['1,234', '1,5'], 'decimal', [1.234, 1.5]],
    ['Points', ['1,234'], 'text', ['1,234']],
    ['Points', ['12345678901234567890'], 'text', ['12345678901234567890']],
    ['Points', ['1e5'], 'text', ['1e5']],
    ['Total achats', ['1 890,50 €', '12,00 €', '1 890 €'], 'decimal', [1890.5, 12, 1890]],
    ['Umsatz', ['1.234,50', '12,00', '1.000'], 'decimal', [1234.5, 12, 1000]],
    ['Discount', ['10%', '12.5 %'], 'decimal', [10, 12.5]],
    ['Remise', ['12,5 %', '7 %'], 'decimal', [12.5, 7]],
    ['Téléphone', ['+33612345678'], 'text', ['+33612345678']],
    ['Portable', ['06 12 34 56 78', '06 98 76 54 32'], 'text', ['06 12 34 56 78', '06 98 76 54 32']],
    ['VIP', ['true', 'False'], 'boolean', [true, false]],
    ['VIP', ['yes', 'no'], 'boolean', [true, false]],
    ['VIP', ['Oui', 'Non', 'oui'], 'boolean', [true, false, true]],
    ['VIP', ['Ja', 'Nein'], 'boolean', [true, false]],
    ['VIP', ['Sí', 'No'], 'boolean', [true, false]],
    ['VIP', ['Vero', 'Falso'], 'boolean', [true, false]],
    ['VIP', ['Oui', 'no'], 'boolean', [true, false]],
    ['VIP', ['0', '1'], 'integer', [0, 1]],
    ['Date de naissance', ['31/12/24', '01/02/85'], 'date', ['2024-12-31', '1985-02-01']],
    ['Birthday', ['12/31/1985', '1/2/1990'], 'date', ['1985-12-31', '1990-01-02']],
    ['Birthday', ['2024-01-02', '3.4.2024'], 'date', ['2024-01-02', '2024-04-03']],
    ['Birthday', ['01/02/2024'], 'text', ['01/02/2024']],
    ['Geburtstag', ['5. März 1990', '12. Dezember 1985'], 'date', ['1990-03-05', '1985-12-12']],
    ['Anniversaire', ['1er janvier 1990', '12 août 1985'], 'date', ['1990-01-01', '1985-08-12']],
    ['Birthday', ['Jan 5, 1990', 'August 12th, 1985'], 'date', ['1990-01-05', '1985-08-12']],
    ['Cumpleaños', ['5 de enero de 1990'], 'date', ['1990-01-05']],
    ['Compleanno', ['5 gennaio 1990'], 'date', ['1990-01-05']],
    ['Date of birth', ['33000', '45291'], 'date', ['1990-05-07', '2023-12-31']],
    ['Points', ['33000', '45291'], 'integer', [33000, 45291]],
    ['Since', ['20240102', '20231231'], 'date', ['2024-01-02', '2023-12-31']],
    ['Seen', ['2024-01-02 03:04:05'], 'timestamp', ['2024-01-02T03:04:05']],
    ['Vu le', ['31/12/2024 18h05'], 'timestamp', ['2024-12-31T18:05:00']],
    ['Tags', ['gold, ring', 'silver'], 'list', [['gold', 'ring'], ['silver']]],
    ['Goûts', ['or;argent', 'or;argent', 'or'], 'list', [['or', 'argent'], ['or', 'argent'], ['or']]],
    ['Groups', ['["a","b"]', '[]'], 'list', [['a', 'b'], []]],
    ['Address', ['1, rue X', '2, rue Y'], 'text', ['1, rue X', '2, rue Y']],
    ['Notes', ['called; asked for a ring', 'nothing'], 'text', ['called; asked for a ring', 'nothing']],
  ])('%s: %j is %s', (heading, cells, type, values) => expect(read(heading, cells)).toEqual({ type, values }))

  test('of codes is text, whatever the cells look like', () => {
    expect(read('Postcode', ['75001', '69002'], true).type).toBe('text')
  })
  test('keeps its type where a few cells are empty words or slips, and these keep their text', () => {
    const days = [...Array.from({ length: 60 }, (_, i) => `${(i % 28) + 1}/12/1985`), '31/02/1985', 'n/a']
    const { type, values } = read('Birthday', days)
    expect([type, values.at(0), ...values.slice(-2)]).toEqual(['date', '1985-12-01', '31/02/1985', 'n/a'])
  })
})

test.each<[values: unknown[], type: AttributeType | null]>([
  [[1, 2.5], 'number'],
  [[true, null], 'boolean'],
  [[['a'], ['b', 'c']], 'list'],
  [['1990-01-02', '2024-01-02T10:00:00Z'], 'date'],
  // A text that looks like a number stays one where it is pushed as one.
  [['75001'], 'text'],
  [['a', 5], 'text'],
  [[1, '2,5'], 'number'],
  [[{ a: 1 }], null],
  [[null, ''], null],
])('pushed values %j make the attribute a %s', (values, type) => {
  expect(typeOfValues(values)).toBe(type)
})

test.each<[value: unknown, type: AttributeType, as: unknown]>([
  ['12,5', 'number', 12.5],
  ['many', 'number', 'many'],
  [5, 'text', '5'],
  [true, 'text', 'true'],
  ['Oui', 'boolean', true],
  [0, 'boolean', false],
  ['perhaps', 'boolean', 'perhaps'],
  ['31/12/2024', 'date', '2024-12-31'],
  ['a; b', 'list', ['a', 'b']],
  [['a', 'b'], 'text', 'a; b'],
  [{ a: 1 }, 'number', { a: 1 }],
])('%j as a %s is %j', (value, type, as) => expect(valueAs(value, type, { order: null, mark: null })).toEqual(as))

test.each([
  ['Ville', 'ville'],
  ['PRÉNOM', 'prenom'],
  ['Größe', 'grosse'],
  ['İl', 'il'],
])('the name %j is compared as %j', (name, folded) => expect(foldedName(name)).toBe(folded))
