/**
 * Covers functions that take long for some texts: those that read identifiers, addresses, headings, amounts, times, page
 * addresses and files are given texts made to hold them up, and eight times the text may take about eight times as long.
 */
import { describe, expect, test } from 'vitest'
import { isBot } from '../../server/collect/bot.ts'
import { withoutPersonal } from '../../server/collect/personal-data.ts'
import { cleanTexts, cleanUrl, truncateAddress } from '../../server/collect/stamp.ts'
import { ATTRIBUTE_TYPES, foldedName, valueAs, writingOf } from '../../server/domain/attribute.ts'
import { decimalMarkOf, readAmount, readQuantity } from '../../server/domain/commerce/amount.ts'
import { currencyIn } from '../../server/domain/commerce/currency.ts'
import { readOrderStatus } from '../../server/domain/commerce/order-status.ts'
import { readCommerce } from '../../server/domain/commerce/read.ts'
import { dayOrderOf, readDigits, readInstant, readSerial } from '../../server/domain/dates.ts'
import { isBlockedIdentifier, looksLikeEmail } from '../../server/domain/identifier.ts'
import { isZone } from '../../server/domain/zone.ts'
import { checkContact } from '../../server/import/check-contact.ts'
import { createOrderCheck } from '../../server/import/check-order.ts'
import { guessDelimiter, guessNewline, readSepLine } from '../../server/import/dialect.ts'
import { createDecoder } from '../../server/import/encoding.ts'
import { attributeName, isOfAnother, isSecretHeading, plain, shownHeading } from '../../server/import/heading.ts'
import { readItemTexts } from '../../server/import/item-texts.ts'
import { ndjsonRows } from '../../server/import/json-text.ts'
import { orderHeading } from '../../server/import/order-headings.ts'
import { readAnswer } from '../../server/import/permission/answer.ts'
import { questionOf } from '../../server/import/permission/question.ts'
import { openSource } from '../../server/import/source.ts'
import { storeZoneOf } from '../../server/import/store-zones.ts'
import { typeOf } from '../../server/import/types.ts'
import { cleanCell, readAddress, readFlag } from '../../server/import/values.ts'
import { createDescribeAgent } from '../../server/land/agent.ts'
import { amount } from '../support/long.ts'

const { check: checkOrder } = createOrderCheck({ zone: 'UTC', from: 'nobody', currency: null })
const order = (field: string) => (text: string) =>
  checkOrder({ order_id: '1', at: '2026-03-01T09:30:00Z', total: 1, currency: 'EUR', [field]: text })

const NO_VALUES = { allowed: new Set<string>(), refused: new Set<string>() }

/** What reads texts from outside. */
const READERS: Record<string, (text: string) => unknown> = {
  isBlockedIdentifier,
  looksLikeEmail,
  'readAmount of commerce': (text) => readAmount(text, null),
  readQuantity,
  readOrderStatus,
  isZone,
  storeZoneOf,
  orderHeading,
  readItemTexts,
  readCommerce: (text) =>
    readCommerce('add_to_cart', { items: text, currency: text, price: text, cart_id: text }, null),
  truncateAddress,
  cleanUrl: (text) => cleanUrl(text, ['utm_*']),
  'cleanUrl of a query': (text) => cleanUrl(`https://ä.example/?${text.slice(0, 4000)}`, ['utm_*']),
  'cleanTexts of a title': (text) => cleanTexts({ title: text }, [], () => {}),
  'cleanTexts of a page': (text) => cleanTexts({ url: `https://a.example/${text}` }, ['*'], () => {}),
  withoutPersonal: (text) => withoutPersonal({ id: 'e', type: text, at: 0, props: { [text]: text } }, () => {}),
  isBot,
  describeAgent: createDescribeAgent(),
  ...Object.fromEntries(
    ['id', 'email', 'email_sha256', 'phone', 'merged_into', 'updated_at', 'mail_consent_at'].map((field) => [
      `checkContact of ${field}`,
      (text: string) => checkContact({ id: 'crm-1', [field]: text }, 0),
    ]),
  ),
  ...Object.fromEntries(
    ['order_id', 'contact_id', 'email', 'at', 'total', 'currency', 'channel', 'items', 'status', 'refunds', 'tax'].map(
      (field) => [`checkOrder of ${field}`, order(field)],
    ),
  ),
  'guesses of a dialect': (text) => [
    guessDelimiter(text, true),
    guessNewline(text, 'comma'),
    readSepLine(`sep=${text}`),
  ],
  decode: (text) => createDecoder(Buffer.from('a')).decode(Buffer.from(text)),
  'decode what is half UTF-8': (text) => createDecoder(Buffer.of(0xef, 0xbb, 0xbf)).decode(Buffer.from(text, 'latin1')),
  'what a heading reveals': (text) => [plain(text), isSecretHeading(text), isOfAnother(text), questionOf(text)],
  'names of a heading': (text) => [attributeName(text), shownHeading(text)],
  'amounts of a cell': (text) => [currencyIn(text), decimalMarkOf([text])],
  'words of a cell': (text) => [
    cleanCell(text),
    readFlag(text),
    ...(['forbids', 'grants', 'state'] as const).map((asks) => readAnswer(asks, text, NO_VALUES)),
  ],
  'times of a cell': (text) => [readInstant(text, 'dmy'), dayOrderOf([text]), readSerial(text), readDigits(text)],
  'type of a cell': (text) => [
    typeOf([text], writingOf([text]), { isCode: false, isDay: true, isPlural: true }),
    ATTRIBUTE_TYPES.map((type) => valueAs(text, type, writingOf([text]))),
    foldedName(text),
  ],
  readAddress,
}

/** What such a text is made of: repeated, after something that a pattern begins with, before something that it cannot end with. */
const PIECES = [
  ...[
    '{',
    '{{',
    '${',
    '*|',
    '%%',
    '%',
    '"',
    "'",
    '`',
    ' ',
    '\t',
    '\n',
    '\r\n',
    '(',
    ')',
    '([',
    '<',
    '< ',
    '<"',
    '>',
    '@',
    '.@',
  ],
  ...[
    'a',
    'a@',
    'a@a',
    '@a.',
    'a@a.a ',
    '%40',
    '%40a.',
    '%25',
    '%2525%',
    '%C3',
    '&#0',
    '&#64;',
    '\\\\',
    '\\u0040',
    '(at)',
    '( ',
    '")@',
    '\\"',
    '01 ',
    '+33',
    '+33 (0)',
    'tel:',
    'FR76',
    'FR76 ',
    'a.',
    '.',
    '..',
    '/',
    '?',
    '&',
    'a=&',
    '#',
    ':',
    '::',
    ':::',
    ' ::: ',
  ],
  ...[
    '0',
    '0.',
    '1,',
    '-',
    '_',
    '__ ',
    '+',
    'T',
    'T ',
    ',',
    ';',
    '|',
    'aA',
    'EUR',
    'EUR ',
    '€',
    'ß',
    'é',
    '\u0301',
    '\ufdfa',
    '\u4e2d',
  ],
  ...['passwor', 'opt ', 'Mozilla/5.0 ', 'Chrome/1 ', '2026-03-01', '2026-03-01T', '09:30'],
]
const BEGINS = ['', 'a', '"', 'a@', 'https://a.example/?', '2026-03-01T09:30:00.0']
const ENDS = ['', '\u0000', '>']

const LENGTH = amount(1000, 2000)
const FACTOR = 8
/** Shorter times are not compared: they are those of the machine. */
const SHORT_MS = 50
/** Linear is 8, quadratic is 64. */
const LINEAR = 24

/** The processor time of this thread, whatever else runs on the machine. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function time(read: (text: string) => unknown, text: string): number {
  const began = cpuMs()
  read(text)
  return cpuMs() - began
}

/** The text for which a function takes much longer than for an eighth of it, if there is one. */
function slowText(read: (text: string) => unknown): string | null {
  for (const piece of PIECES) {
    for (const begin of BEGINS) {
      for (const end of ENDS) {
        const text = (length: number) => begin + piece.repeat(length / piece.length) + end
        if (time(read, text(LENGTH * FACTOR)) < SHORT_MS) continue
        // Measured again: another program may have had the processor.
        const times = (length: number) => Math.min(...[1, 2, 3].map(() => time(read, text(length))))
        const long = times(LENGTH * FACTOR)
        if (long > SHORT_MS && long > times(LENGTH) * LINEAR) return `${begin}${piece}…${end}: ${Math.round(long)} ms`
      }
    }
  }
  return null
}

describe('a long text takes a time in proportion to its length', () => {
  test.each(Object.entries(READERS))('%s', (_, read) => expect(slowText(read)).toBeNull())
})

/** Opens a file of contacts and reads all its rows. */
async function rowsOf(pieces: string[]): Promise<number> {
  async function* bytes() {
    for (const piece of pieces) yield Buffer.from(piece)
  }
  let rows = 0
  const { rows: batches } = await openSource(bytes(), { kind: 'contacts', format: null })
  for await (const batch of batches) rows += batch.length
  return rows
}

describe('a file is read in seconds', () => {
  /** Each took minutes, or would have. */
  const SOON_MS = 5000

  test.each([
    ['one heading of 400 kB of brackets', [`${'('.repeat(400_000)},email\nx,anna@mail.example\n`], 1],
    ['one heading of 400 kB of spaces', [`a${' '.repeat(400_000)}b,email\nx,anna@mail.example\n`], 1],
    ['2,000 columns of one name', [`${'Name,'.repeat(1999)}email\n${','.repeat(1999)}anna@mail.example\n`], 1],
    ['cells of 400 kB', [`email,at\nanna@mail.example,"${'<'.repeat(400_000)}"\n"${' '.repeat(400_000)}<",x\n`], 2],
    [
      'a record that comes in 300,000 pieces',
      ['{"id":"crm-1","phone":"', ...Array<string>(300_000).fill('1'), '"}\n'],
      1,
    ],
  ])('%s', async (_, pieces, rows) => {
    const began = cpuMs()
    expect(await rowsOf(pieces)).toBe(rows)
    expect(cpuMs() - began).toBeLessThan(SOON_MS)
  })

  test('more columns than any export has are refused', async () => {
    await expect(rowsOf([`${'Name,'.repeat(2000)}email\n`])).rejects.toMatchObject({ code: 'too_many_columns' })
  })

  test('records of lines and arrays are whole however they are cut', async () => {
    const text = '{"id":"a"}\n\n{"id":"b"}\n{"id":'
    for (let size = 1; size <= text.length; size++) {
      async function* cut() {
        for (let i = 0; i < text.length; i += size) yield text.slice(i, i + size)
      }
      const rows = []
      for await (const batch of ndjsonRows(cut())) rows.push(...batch)
      expect(rows).toMatchObject([
        { line: 1, value: { id: 'a' } },
        { line: 3, value: { id: 'b' } },
        { line: 4, code: 'not_json' },
      ])
    }
  })
})
