/**
 * Whole files: how each is encoded, what its columns mean, and what can be imported. Real exports are tested if they
 * are available, in `shared/data/crm` beside the checkout; generated files always.
 */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { ImportRefusal } from '../../server/import/columns.ts'
import { openSource, type SourceOptions } from '../../server/import/source.ts'
import type { SourceRow } from '../../server/import/source-row.ts'

type Opened = {
  dialect: unknown
  fields: Record<string, string | null>
  notes: Record<string, string>
  rows: SourceRow[]
}

/** Reads a whole file, in pieces of `size` bytes. */
async function open(
  bytes: Uint8Array,
  options: Partial<SourceOptions> = {},
  size = bytes.length || 1,
): Promise<Opened> {
  async function* pieces() {
    for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size)
  }
  const source = await openSource(pieces(), { kind: 'contacts', format: null, ...options })
  const rows: SourceRow[] = []
  for await (const batch of source.rows) rows.push(...batch)
  return {
    dialect: source.dialect(),
    fields: Object.fromEntries(source.columns.map(({ column, field }) => [column, field])),
    notes: Object.fromEntries(source.columns.flatMap(({ column, note }) => (note ? [[column, note]] : []))),
    rows,
  }
}

const openText = (text: string, options: Partial<SourceOptions> = {}) => open(Buffer.from(text), options)
const values = (opened: Opened) => opened.rows.map((row) => ('value' in row ? row.value : row.code))

async function refusal(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await work.then(
    () => null,
    (thrown: ImportRefusal) => thrown,
  )
  if (error === null) throw new Error('was not refused')
  return { code: error.code, message: error.message }
}

describe('the real exports', () => {
  const folder = new URL('../../../shared/data/crm', import.meta.url).pathname
  const skip = !existsSync(folder) && 'the exports are not at hand'
  const file = (name: string) => readFileSync(`${folder}/${name}`)
  const it = skip ? test.skip : test
  const reason = skip ? ` (skipped: ${skip})` : ''

  it.each<[string, number, Record<string, string | null>, Record<string, unknown>]>([
    [
      'prestashop_customers_import.csv',
      9,
      {
        'Customer ID': 'id',
        Email: 'email',
        Password: null,
        'Newsletter (0/1)': 'mail_consent',
        'Opt-in (0/1)': 'mail_consent',
        'Last Name': 'attributes.last_name',
        'Birthday (yyyy-mm-dd)': 'attributes.birthday',
        'Active (0/1)': 'attributes.active',
      },
      { id: '1', email: 'Peter.Pan@prestashop.com', mail_consent: false },
    ],
    [
      'magento_customer.csv',
      1,
      {
        email: 'email',
        password_hash: null,
        rp_token: null,
        rp_token_created_at: null,
        password: null,
        updated_at: 'updated_at',
        group_id: 'attributes.group_id',
        website_id: 'attributes.website_id',
      },
      { id: 'jondoe@example.com', email: 'jondoe@example.com', updated_at: '2015-10-30T12:49:48.000Z' },
    ],
    [
      'mautic_10contacts.csv',
      10,
      { email: 'email', firstname: 'attributes.firstname', country: 'attributes.country' },
      {
        id: 'ariel@example.com',
        email: 'ariel@example.com',
        attributes: {
          firstname: 'Ariel',
          lastname: 'N.',
          company: 'Enterprise Example Organization',
          country: 'Switzerland',
        },
      },
    ],
    [
      'contacts_gmail.csv',
      1,
      {
        'E-mail 1 - Value': 'email',
        'E-mail 1 - Type': 'attributes.e_mail_1_type',
        'E-mail 2 - Value': 'attributes.e_mail_2_value',
        'Given Name': 'attributes.first_name',
      },
      { id: 'home@aaa.pl', email: 'home@aaa.pl' },
    ],
    [
      'contacts_all.csv',
      1,
      {
        'Email Home': 'email',
        'Email Work': 'attributes.email_work',
        'Primary Phone': 'phone',
        "Assistant's Phone": 'attributes.assistants_phone',
        Birthday: 'attributes.Birthday',
      },
      { id: 'home@example.com', email: 'home@example.com', phone: '600' },
    ],
    [
      'contacts_outlook.csv',
      1,
      { 'E-mail Address': 'email', 'E-mail 2 Address': 'attributes.e_mail_2_address' },
      { id: 'test1@domain.tld', email: 'test1@domain.tld' },
    ],
    [
      'contacts_tb_plain.csv',
      1,
      { 'Primary Email': 'email', 'Secondary Email': 'attributes.secondary_email', column_38: null },
      { id: 'test@domain.tld', email: 'test@domain.tld' },
    ],
  ])(`%s: %i contacts${reason}`, async (name, count, fields, first) => {
    const opened = await open(file(name))
    expect(opened.fields).toMatchObject(fields)
    expect(Object.values(opened.fields).filter((field) => field === 'email')).toHaveLength(1)
    expect(opened.rows).toHaveLength(count)
    expect(values(opened)[0]).toMatchObject(first)
    expect(JSON.stringify(opened.rows)).not.toMatch(/d708be3fe0fe|123456789|07e71459c137/)
  })

  it(`the vendor's two permissions of PrestaShop count as one, and the no wins${reason}`, async () => {
    const rows = values(await open(file('prestashop_customers_import.csv'))) as { id: string; mail_consent: boolean }[]
    expect(rows.map((row) => [row.id, row.mail_consent])).toEqual([
      ...[
        ['1', false],
        ['2', false],
        ['3', false],
        ['4', false],
        ['5', true],
        ['6', true],
      ],
      ...[
        ['7', false],
        ['8', false],
        ['9', false],
      ],
    ])
  })

  const ENCODINGS = [
    ['bad.csv', 'utf-8', 'lf', ['too_many_cells', 'no_id', { id: '0' }]],
    ['comma_in_quotes.csv', 'utf-8', 'lf', [{ id: 'John', attributes: { city: 'Anytown, WW', zip: '08123' } }]],
    ['dummy_col_shuffled_ragged.csv', 'utf-8', 'lf', [{ id: '2', attributes: { c: 3, a: 1, d: 4 } }]],
    ['empty_crlf.csv', 'utf-8', 'lf', [{ id: '1' }, { id: '2', attributes: { b: 3, c: 4 } }]],
    ['escaped_quotes.csv', 'utf-8', 'lf', [{ id: '1', attributes: { b: 'ha "ha" ha' } }, { id: '3' }]],
    ['mac_newlines.csv', 'utf-8', 'cr', [{ id: '1' }, { id: 'Once upon\ra time', attributes: { b: 5, c: 6 } }]],
    ['newlines_crlf.csv', 'utf-8', 'lf', [{ id: '1' }, { id: 'Once upon \na time' }, { id: '7' }]],
    ['optional_quote_characters.csv', 'utf-8', 'lf', [{ id: '1', attributes: { b: 2, c: 3 } }]],
    ['quotes_and_newlines.csv', 'utf-8', 'lf', [{ id: '1', attributes: { b: 'ha \n"ha" \nha' } }, { id: '3' }]],
    ['test_header_newline.csv', 'utf-8', 'lf', [{ id: 'd', attributes: { b: 'e', c: 'f' } }]],
    ['test_latin1.csv', 'windows-1252', 'lf', [{ id: '1' }, { id: '4', attributes: { b: 5, c: '©' } }]],
    ['test_utf16_big.csv', 'utf-16be', 'lf', [{ id: '1' }, { id: '4', attributes: { c: 'ʤ' } }]],
    ['test_utf16_little.csv', 'utf-16le', 'lf', [{ id: '1' }, { id: '4', attributes: { c: 'ʤ' } }]],
    ['test_utf8_bom.csv', 'utf-8', 'lf', [{ id: '1' }, { id: '4', attributes: { bar: 5, baz: 'ʤ' } }]],
    ['utf8.csv', 'utf-8', 'lf', [{ id: '1' }, { id: '4', attributes: { c: 'ʤ' } }]],
  ] as const

  it.each(ENCODINGS)(`encodings/%s names nobody and is refused${reason}`, async (name) => {
    expect(await refusal(open(file(`encodings/${name}`)))).toEqual({
      code: 'no_id_column',
      message: expect.stringMatching(/^the file must have a column of contact ids.*\(its headings are "/),
    })
  })

  it.each(ENCODINGS)(`encodings/%s with its first column as the id${reason}`, async (name, encoding, newline, rows) => {
    const opened = await open(file(`encodings/${name}`), { map: '#1:id' })
    expect(opened.dialect).toEqual({ format: 'csv', encoding, delimiter: 'comma', newline })
    expect(values(opened)).toMatchObject(rows)
  })
})

describe('a generated file', () => {
  const ROWS = [
    ['Kunden-Nr', 'E-Mail', 'Ort', 'Notiz'],
    ['007', 'jörg@müller.example', 'Köln', 'sagt "ja",\nund; mehr'],
    ['8', 'Zoé@café.example', 'Besançon', 'a|b\tc'],
  ]
  const encodings: [string, string, (text: string) => Buffer][] = [
    ['UTF-8', 'utf-8', (text) => Buffer.from(text)],
    ['UTF-8 with a mark', 'utf-8', (text) => Buffer.from(`\ufeff${text}`)],
    ['UTF-16 LE with a mark', 'utf-16le', (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16 LE without', 'utf-16le', (text) => Buffer.from(text, 'utf16le')],
    ['UTF-16 BE with a mark', 'utf-16be', (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
    ['UTF-16 BE without', 'utf-16be', (text) => Buffer.from(text, 'utf16le').swap16()],
    ['Latin-1', 'windows-1252', (text) => Buffer.from(text, 'latin1')],
  ]
  const delimiters = [
    ['comma', ','],
    ['semicolon', ';'],
    ['tab', '\t'],
    ['pipe', '|'],
  ] as const
  const newlines = [
    ['lf', '\n'],
    ['crlf', '\r\n'],
    ['cr', '\r'],
  ] as const
  const cases = encodings.flatMap(([name, encoding, encode]) =>
    delimiters.flatMap(([delimiter, sign]) =>
      newlines.map(([newline, end]) => ({ name, encoding, encode, delimiter, sign, newline, end })),
    ),
  )

  test.each(cases)('in $name with $delimiter and $newline, at once and byte by byte', async (written) => {
    const { encoding, encode, delimiter, sign, newline, end } = written
    const quoted = (cell: string) =>
      /["\n,;|\t]/.test(cell) ? `"${cell.replaceAll('"', '""').replaceAll('\n', end)}"` : cell
    const bytes = encode(ROWS.map((row) => row.map(quoted).join(sign) + end).join(''))
    for (const size of [bytes.length, 1, 7]) {
      const opened = await open(bytes, {}, size)
      expect(opened.dialect).toEqual({ format: 'csv', encoding, delimiter, newline })
      expect(opened.rows).toEqual([
        {
          line: 2,
          value: {
            id: '007',
            email: 'jörg@müller.example',
            attributes: { Ort: 'Köln', Notiz: `sagt "ja",${end}und; mehr` },
          },
        },
        { line: 4, value: { id: '8', email: 'Zoé@café.example', attributes: { Ort: 'Besançon', Notiz: 'a|b\tc' } } },
      ])
    }
  })

  test('is read as Windows-1252 if its first non-ASCII letter comes late', async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => `${i + 1},x`)
    const bytes = Buffer.concat([
      Buffer.from(`id,b\n${rows.join('\n')}\n`),
      Buffer.from([0x39, 0x39, 0x78, 0x2c, 0x80, 0xe9]),
    ])
    const opened = await open(bytes)
    expect(opened.dialect).toMatchObject({ encoding: 'windows-1252' })
    expect(opened.rows).toHaveLength(30_001)
    expect(opened.rows.at(-1)).toEqual({ line: 30_002, value: { id: '99x', attributes: { b: '€é' } } })
  })

  test('that is UTF-8 except for a few bytes keeps all its letters', async () => {
    const bytes = Buffer.concat([Buffer.from('id,b\n1,Zoé\n2,Jos'), Buffer.from([0xe9, 0x0a]), Buffer.from('3,Łódź\n')])
    const opened = await open(bytes)
    expect(opened.dialect).toMatchObject({ encoding: 'utf-8' })
    expect(values(opened)).toMatchObject([
      { attributes: { b: 'Zoé' } },
      { attributes: { b: 'José' } },
      { attributes: { b: 'Łódź' } },
    ])
  })

  test('with rows that are short, long, blank and odd', async () => {
    const opened = await openText('id,a,b\n1\n2,x,y,,\n\n3,x,y,z\n,,\n4,"x" y,2" nails\n5, "q, r" ,z\n')
    expect(opened.rows).toEqual([
      { line: 2, value: { id: '1' } },
      { line: 3, value: { id: '2', attributes: { a: 'x', b: 'y' } } },
      { line: 5, code: 'too_many_cells', message: expect.any(String) },
      { line: 7, value: { id: '4', attributes: { a: '"x" y', b: '2" nails' } } },
      { line: 8, value: { id: '5', attributes: { a: expect.stringContaining('q, r'), b: 'z' } } },
    ])
  })

  test('with an unclosed quote is read up to that row', async () => {
    expect((await openText('id,a\n1,x\n2,"y\n3,z\n')).rows).toEqual([
      { line: 2, value: { id: '1', attributes: { a: 'x' } } },
      { line: 3, code: 'unclosed_quote', message: expect.stringMatching(/not closed/) },
    ])
    const long = `id,a\n1,x\n2,"y\n${'3,z\n'.repeat(500_000)}`
    expect((await openText(long)).rows.at(-1)).toMatchObject({ line: 3, code: 'unclosed_quote' })
  })

  test('with the same heading twice, and one without', async () => {
    const { fields, rows } = await openText('id,Phone,Phone,,Phone\n1,0123456,0987654,x,\n')
    expect(fields).toEqual({
      id: 'id',
      Phone: 'phone',
      'Phone 2': 'attributes.phone_2',
      column_4: 'attributes.column_4',
      'Phone 3': 'attributes.phone_3',
    })
    expect(rows).toMatchObject([{ value: { phone: '0123456', attributes: { phone_2: '0987654', column_4: 'x' } } }])
  })

  test('that declares its delimiter as Excel does', async () => {
    const opened = await openText('sep=;\r\nid;b\r\n1;2,5\r\n')
    expect(opened.dialect).toMatchObject({ delimiter: 'semicolon', newline: 'crlf' })
    expect(opened.rows).toEqual([{ line: 3, value: { id: '1', attributes: { b: 2.5 } } }])
  })

  test('of addresses without headings', async () => {
    expect((await openText('anna@x.example\nBob <Bob@x.example>\n')).rows).toEqual([
      { line: 1, value: { id: 'anna@x.example', email: 'anna@x.example' } },
      { line: 2, value: { id: 'bob@x.example', email: 'Bob@x.example', attributes: { name: 'Bob' } } },
    ])
  })

  test.each([
    ['nothing', '', 'empty_file'],
    ['blanks', ' \n\n', 'empty_file'],
    ['a damaged workbook', 'PK\x03\x04rest', 'not_a_workbook'],
    ['what is packed', '\x1f\x8b\x08rest', 'not_text'],
    ['zeros', 'id,b\n\0\0\0\0', 'not_text'],
    ['somebody else’s addresses', 'owner_email,Assigned to\nann@x.example,bob@x.example\n', 'no_id_column'],
    ['no people', 'city,country\nLyon,FR\n', 'no_id_column'],
  ])('of %s is refused', async (_, text, code) => {
    expect(await refusal(open(Buffer.from(text, 'latin1')))).toMatchObject({ code })
  })
})

describe('columns', () => {
  test.each<[string, string, Record<string, string | null>]>([
    [
      'an owner is not the contact',
      'Owner Email,Email\no@x.example,a@x.example',
      { 'Owner Email': 'attributes.owner_email', Email: 'email' },
    ],
    ['nor an account manager', 'Account Manager E-mail,Courriel\no@x.example,a@x.example', { Courriel: 'email' }],
    [
      'nor one who is assigned',
      'Assigned To,Correo electrónico\no@x.example,a@x.example',
      { 'Assigned To': 'attributes.assigned_to', 'Correo electrónico': 'email' },
    ],
    [
      'a second address comes second',
      'Secondary Email,Indirizzo e-mail\nb@x.example,a@x.example',
      { 'Indirizzo e-mail': 'email' },
    ],
    [
      'a flag about mail is no address',
      'id,Email opt-in,Email\n1,1,a@x.example',
      { 'Email opt-in': 'mail_consent', Email: 'email' },
    ],
    ['an address under another name', 'login,city\na@x.example,Lyon\nb@x.example,Rome', { login: 'email' }],
    ['ids in German', 'Kundennummer,Mailadresse\n1,a@x.example', { Kundennummer: 'id', Mailadresse: 'email' }],
    ['ids in French', 'N° client,Adresse e-mail\n1,a@x.example', { 'N° client': 'id', 'Adresse e-mail': 'email' }],
    ['ids in Spanish', 'Código de cliente,Email\n1,a@x.example', { 'Código de cliente': 'id' }],
    ['ids in Italian', 'Codice cliente,Email\n1,a@x.example', { 'Codice cliente': 'id' }],
    ['a hash of the address', `id,email_sha256\n1,${'ab'.repeat(32)}`, { email_sha256: 'email_sha256' }],
    ['hashes of passwords under any name', 'id,legacy\n1,$2y$10$abcdefghijklmnopqrstuv', { legacy: null }],
    ['the day of a refusal', 'id,unsubscribed_at\n1,2024-05-01', { unsubscribed_at: 'mail_consent' }],
    [
      'a legend that turns yes and no round',
      'id,Opt-out (0 = yes)\n1,0',
      { 'Opt-out (0 = yes)': 'attributes.opt_out' },
    ],
    ['a newsletter by name', 'id,Newsletter\n1,Weekly\n2,Monthly', { Newsletter: 'attributes.Newsletter' }],
    [
      'a group that comes again is no id',
      `id,Email\n${Array.from({ length: 30 }, (_, i) => `3,a${i}@x.example`).join('\n')}`,
      { id: 'attributes.id', Email: 'email' },
    ],
  ])('%s', async (_, text, fields) => expect((await openText(text)).fields).toMatchObject(fields))

  test.each<[string, string, unknown]>([
    ['yes and no: no', 'id,newsletter,opt_out\n1,1,1', { mail_consent: false }],
    ['yes and nothing: yes', 'id,newsletter,opt_out\n1,1,0', { mail_consent: true }],
    ['nothing and nothing: nothing', 'id,newsletter,opt_out\n1,,0', {}],
    ['no: no', 'id,newsletter\n1,0', { mail_consent: false }],
    ['a bounce beats a permission', 'id,opt-in,bounced\n1,yes,true', { mail_consent: false }],
    [
      'a status beats a permission',
      'id,opt-in,status\n1,yes,unsubscribed',
      { mail_consent: false, attributes: { status: 'unsubscribed' } },
    ],
    [
      'the day of a permission',
      'id,opt-in,opt-in date\n1,yes,2024-05-01',
      { mail_consent: true, mail_consent_at: '2024-05-01T00:00:00.000Z' },
    ],
    [
      'the day of a permission is not that of a refusal',
      'id,opt-in,opt-in date,opt-out\n1,yes,2024-05-01,1',
      { mail_consent: false },
    ],
    [
      'the day of a refusal',
      'id,unsubscribed_at\n1,2024-05-01 10:00:00',
      { mail_consent: false, mail_consent_at: '2024-05-01T10:00:00.000Z' },
    ],
    ['no day of a refusal', 'id,unsubscribed_at\n1,0000-00-00 00:00:00', {}],
    ['the day of a permission alone', 'id,opt-in date\n1,2024-05-01', {}],
    ['a refusal mapped by hand', 'id,unsubscribed\n1,no', {}],
  ])('%s', async (_, text, said) => {
    const map = text.includes('unsubscribed\n') ? 'unsubscribed:mail_consent' : undefined
    expect(values(await openText(text, { map }))).toEqual([{ id: '1', ...(said as object) }])
  })

  test('a map assigns and skips columns, but cannot bring a password back', async () => {
    const text = 'A,B,C,D,Password\n1,x@x.example,2,3,geheim\n'
    const { fields, rows } = await openText(text, { map: 'A:id,B:email,C:-,#4:tier,Password:attributes.p' })
    expect(fields).toEqual({ A: 'id', B: 'email', C: null, D: 'attributes.tier', Password: null })
    expect(rows).toEqual([{ line: 2, value: { id: '1', email: 'x@x.example', attributes: { tier: 3 } } }])
    for (const map of ['E:id', '#9:id', 'A:id,B:id']) {
      expect(await refusal(openText(text, { map }))).toMatchObject({ code: 'bad_map' })
    }
  })

  test('an attribute may have any name', async () => {
    const [row] = values(await openText('id,__proto__,constructor\n1,a,b\n')) as { attributes: object }[]
    expect(Object.entries(row!.attributes)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
  })
})

describe('JSON', () => {
  test('by lines, reporting lines that are not JSON', async () => {
    const opened = await openText('{"id":"1"}\r\n{"id":\n\n{"id":"3"}')
    expect(opened.dialect).toMatchObject({ format: 'ndjson', delimiter: null })
    expect(opened.rows).toEqual([
      { line: 1, value: { id: '1' } },
      { line: 2, code: 'not_json', message: 'must be one JSON object' },
      { line: 4, value: { id: '3' } },
    ])
  })
  test('as an array, in pieces', async () => {
    const text = ' [ {"id":"a]}\\"","attributes":{"x":[1,{"y":2}]}} ,2, "," ,{}\n]\n'
    for (const size of [1, 5, 1000]) {
      expect((await open(Buffer.from(text), {}, size)).rows).toEqual([
        { line: 1, value: { id: 'a]}"', attributes: { x: [1, { y: 2 }] } } },
        { line: 2, value: 2 },
        { line: 3, value: ',' },
        { line: 4, value: {} },
      ])
    }
  })
  test('that ends too early is refused', async () => {
    expect(await refusal(openText('[{"id":"1"}'))).toMatchObject({ code: 'not_json' })
  })
})

describe('orders', () => {
  const orders = (text: string, options: Partial<SourceOptions> = {}) => openText(text, { kind: 'orders', ...options })
  test.each<[string, string, Partial<SourceOptions>, unknown]>([
    [
      'in English',
      'Order ID,Customer ID,Order Date,Total,Currency,Email,Status\nA1,c1,2024-05-01 10:00,49.90,EUR,a@x.example,paid',
      {},
      {
        order_id: 'A1',
        contact_id: 'c1',
        at: '2024-05-01T10:00:00',
        total: 49.9,
        currency: 'EUR',
        email: 'a@x.example',
        status: 'paid',
      },
    ],
    [
      'in German',
      'Bestellnummer;Bestelldatum;Betrag;E-Mail\nB2;31.12.2024;1.234,50 €;a@x.example',
      {},
      { order_id: 'B2', at: '2024-12-31', total: 1234.5, currency: 'EUR', email: 'a@x.example' },
    ],
    [
      'in French, the currency in the heading',
      'N° commande;Date de commande;Montant TTC (CHF)\nC3;2024-12-31;12,5',
      { anonymous: true },
      { order_id: 'C3', at: '2024-12-31', total: 12.5, currency: 'CHF' },
    ],
    [
      'with a currency that is given, and items',
      'order_id,date,amount,items\nD4,2024-12-31,12,"[{""item_id"":""x""}]"',
      { currency: 'USD', anonymous: true },
      { order_id: 'D4', at: '2024-12-31', total: 12, currency: 'USD', items: [{ item_id: 'x' }] },
    ],
  ])('%s', async (_, text, options, row) => expect(values(await orders(text, options))).toEqual([row]))

  test('in rows with blank fields continue the order above', async () => {
    const lines = [
      'Name,Email,Created at,Total,Currency,Lineitem name,Lineitem price',
      '#1,a@x.example,2024-05-01,15,EUR,Ring,10',
      ',,,,,Box,5',
    ]
    expect(values(await orders(lines.join('\n')))).toMatchObject([
      { order_id: '#1', total: 15, items: [{ item_id: 'Ring' }, { item_id: 'Box' }] },
    ])
  })
  test('whose rows stand too far apart are not folded into a part of themselves', async () => {
    const between = Array.from({ length: 5001 }, (_, i) => `b-${i},2024-05-01,1,c-1`)
    const text = ['order_id,date,total,customer_id', 'far,2024-05-01,10,c-1', ...between, 'far,2024-05-01,20,c-1'].join(
      '\n',
    )
    const read = values(await orders(text))
    expect(read).toHaveLength(5003)
    expect(read.filter((each) => each === 'scattered_order')).toHaveLength(1)
    expect(read).toContainEqual(expect.objectContaining({ order_id: 'far', total: 10 }))
  })

  test('without the required columns are refused', async () => {
    expect(await refusal(orders('customer_id,order_date,city\n1,2024-01-01,Lyon\n'))).toEqual({
      code: 'no_order_columns',
      message: expect.stringMatching(/a column for total, or a map.*"customer_id", "order_date", "city"/),
    })
  })
})
