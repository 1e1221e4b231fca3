/**
 * Whose row a row of a file is: foreign ids stop the import and ask, two addresses are two, a row deleted at its source
 * removes its contact, and traces of spreadsheets and old programs change nobody's id, name or address.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newVisitor, problemOf, type SiteView, signLogin } from '../support/requests.ts'
import { event, sendAll, settled } from '../support/sender.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.stop())

type Report = {
  created: number
  updated: number
  unchanged: number
  rejected: { row: number; code: string; message: string }[]
  columns: { column: string; field: string | null }[]
  dialect: { encoding: string }
  notes?: { code: string; count: number; message: string }[]
}

function send(body: string | Uint8Array<ArrayBuffer>, query = ''): Promise<Response> {
  return server.api(`/api/v1/contacts${query}`, { method: 'POST', headers: { 'content-type': 'text/csv' }, body })
}

async function upload(...args: Parameters<typeof send>): Promise<Report> {
  const response = await send(...args)
  if (response.status !== 200) throw new Error(await response.text())
  return (await response.json()) as Report
}

type Known = {
  email: string | null
  phone: string | null
  mail_consent: boolean | null
  attributes: Record<string, unknown>
}
const known = (id: string) => server.get<Known>(`/api/v1/contacts/${encodeURIComponent(id)}`)
const push = (...rows: object[]) => server.post('/api/v1/contacts', rows)
const isKnown = async (id: string) => (await server.api(`/api/v1/contacts/${encodeURIComponent(id)}`)).status === 200

describe('ids of another system', () => {
  test.each([
    ['MailPoet', 'Subscriber ID', '9012'],
    ['Mailchimp', 'EUID', '9012'],
    ['HubSpot', 'Record ID', '9012'],
  ])('of %s stop the import, which asks and is answered', async (_, heading, number) => {
    const n = heading.replace(' ', '')
    await push(
      { id: `${number}`, email: `other-${n}@mail.example`, mail_consent: false },
      { id: `crm-${n}`, email: `anna-${n}@mail.example`, mail_consent: true },
    )
    const text = `${heading},Email,newsletter\n${number},anna-${n}@mail.example,no\n`
    const refused = await send(text)
    expect(refused.status).toBe(400)
    expect(await problemOf(refused)).toMatchObject({ code: 'foreign_ids' })
    expect(await known(number)).toMatchObject({ email: `other-${n}@mail.example` })
    // What is certain without the ids is kept: the address has refused.
    expect(await known(`crm-${n}`)).toMatchObject({ mail_consent: false })

    const report = await upload(text, '?match=email')
    expect(report).toMatchObject({ created: 0, rejected: [] })
    expect(await known(`crm-${n}`)).toMatchObject({ mail_consent: false })
    expect(await known(number)).toMatchObject({ email: `other-${n}@mail.example` })
  })

  test('under any heading stop it where several rows are another’s', async () => {
    await push(
      ...[1, 2].map((n) => ({ id: `${n + 30}`, email: `other-${n}@mail.example` })),
      ...[1, 2].map((n) => ({ id: `real-${n}`, email: `real-${n}@mail.example` })),
    )
    const text = 'id,email\n31,real-1@mail.example\n32,real-2@mail.example\n'
    expect(await problemOf(await send(text))).toMatchObject({ code: 'foreign_ids' })
    expect(await upload(text, '?match=email')).toMatchObject({ created: 0 })
  })

  test('a second record of one customer does not stop it, and its refusal holds', async () => {
    await push({ id: 'record-a', email: 'two-records@mail.example', mail_consent: true })
    await upload('id,email,newsletter\nrecord-b,two-records@mail.example,no\n')
    expect(await known('record-a')).toMatchObject({ mail_consent: false })
  })

  test('a number that is somebody else’s id stops it too', async () => {
    await push({ id: '7001', email: 'ben@mail.example' })
    expect((await send('Subscriber ID,Email\n7001,new@mail.example\n')).status).toBe(400)
    expect((await send('Subscriber ID,Email\n7001,new@mail.example\n', '?match=id')).status).toBe(200)
    expect(await known('7001')).toMatchObject({ email: 'new@mail.example' })
  })

  test('the CRM’s own ids with a changed address or two do not', async () => {
    await push(...[1, 2, 3, 4].map((n) => ({ id: `own-${n}`, email: `own-${n}@mail.example` })))
    const rows = [
      'own-1,changed@mail.example',
      'own-2,own-2@mail.example',
      'own-3,own-3@mail.example',
      'own-9,own-9@mail.example',
    ]
    expect(await upload(`id,email\n${rows.join('\n')}\n`)).toMatchObject({ created: 1, updated: 1, unchanged: 2 })
  })

  test('GUIDs are ids', async () => {
    const id = '0f8fad5b-d9cb-469f-a165-70867728950e'
    await upload(`(Do Not Modify) Contact,First Name,Email\n${id},Zoé,guid@mail.example\n`)
    expect(await known(id)).toMatchObject({ email: 'guid@mail.example' })
  })
})

describe('two addresses in a cell', () => {
  test('the first is the contact’s, and a refusal holds for both', async () => {
    await push({ id: 'second', email: 'second@mail.example', mail_consent: true })
    await upload('id,Email,newsletter\nfirst,first@mail.example; second@mail.example,no\n')
    expect(await known('first')).toMatchObject({ email: 'first@mail.example', mail_consent: false })
    expect(await known('second')).toMatchObject({ mail_consent: false })
  })

  test('also for an address that comes later', async () => {
    await upload('id,Email,newsletter\npair,"pair-1@mail.example, pair-2@mail.example",no\n')
    await push({ id: 'later', email: 'pair-2@mail.example', mail_consent: true })
    await upload('id,email,newsletter\nlater-too,pair-2@mail.example,yes\n', '?match=id')
    expect(await known('later-too')).toMatchObject({ mail_consent: false })
  })
})

describe('a refusal in a row that cannot be imported still holds', () => {
  test.each([
    ['without an id', 'id,email,phone,unsubscribed\n,EMAIL,,yes\n'],
    ['with a rounded id', 'id,email,phone,unsubscribed\n"1,23457E+12",EMAIL,,yes\n'],
    ['with a NUL in a cell', 'id,email,phone,unsubscribed\nlost-with-a-NUL-in-a-cell,EMAIL,1\0,yes\n'],
  ])('%s', async (name, text) => {
    const id = `lost-${name.replaceAll(' ', '-')}`
    await push({ id, email: `${id}@mail.example`, mail_consent: true })
    expect((await upload(text.replace('EMAIL', `${id}@mail.example`))).rejected).toHaveLength(1)
    expect(await known(id)).toMatchObject({ mail_consent: false })
  })

  test('whose address two contacts have', async () => {
    const email = 'shared@mail.example'
    await push({ id: 'shared-1', email, mail_consent: true }, { id: 'shared-2', email, mail_consent: true })
    await upload(`email,UNSUB_TIME\n${email},2026-11-29 10:00:00\n`)
    for (const id of ['shared-1', 'shared-2']) expect(await known(id)).toMatchObject({ mail_consent: false })
  })
})

describe('a row that is deleted at its source', () => {
  test.each([
    ['IsDeleted', 'true', 'false'],
    ['_deleted', '1', '0'],
    ['deleted_at', '2026-11-01 10:00:00', ''],
    ['Supprimé', 'Oui', 'Non'],
    ['Gelöscht', 'Ja', 'Nein'],
  ])('%s removes its contact, and makes none', async (heading, yes, no) => {
    const [gone, kept] = [`gone-${heading}`, `kept-${heading}`]
    await push({ id: gone, mail_consent: true }, { id: kept, mail_consent: true })
    const report = await upload(`id,${heading}\n${gone},${yes}\nnever-${heading},${yes}\n${kept},${no}\n`)
    expect(report).toMatchObject({ created: 0, unchanged: 1, rejected: [], notes: [{ code: 'deleted', count: 2 }] })
    expect([await isKnown(gone), await isKnown(`never-${heading}`), await isKnown(kept)]).toEqual([false, false, true])
  })

  test('but its refusal holds for another contact with its address', async () => {
    await push({ id: 'survivor', email: 'merged@mail.example', mail_consent: true })
    await push({ id: 'merged', email: 'merged@mail.example' })
    await upload('id,email,HasOptedOutOfEmail,IsDeleted\nmerged,merged@mail.example,true,true\n')
    expect(await isKnown('merged')).toBe(false)
    expect(await known('survivor')).toMatchObject({ mail_consent: false })
  })
})

test.each([
  ['French', 'Nom;Prénom', 'Durand;Zoé', { first_name: 'Zoé', last_name: 'Durand' }],
  ['French in one', 'Nom', 'Zoé Durand', { name: 'Zoé Durand' }],
  ['German', 'Name;Vorname', 'Müller;Jörg', { first_name: 'Jörg', last_name: 'Müller' }],
  ['Spanish', 'Nombre;Apellidos', 'Ana;García', { first_name: 'Ana', last_name: 'García' }],
  ['Spanish in one', 'Nombre', 'Ana García', { name: 'Ana García' }],
  ['Italian', 'Nome;Cognome', 'Ada;Rossi', { first_name: 'Ada', last_name: 'Rossi' }],
  ['Swedish', 'Namn', 'Åsa Berg', { name: 'Åsa Berg' }],
  ['English', 'First Name;Last Name', 'Ann;Smith', { first_name: 'Ann', last_name: 'Smith' }],
])('names in %s', async (language, headings, cells, attributes) => {
  const id = `named-${language.replaceAll(' ', '-')}`
  await upload(`id;${headings}\n${id};${cells}\n`)
  expect((await known(id)).attributes).toEqual(attributes)
})

describe('traces of spreadsheets', () => {
  test('are taken off', async () => {
    const rows = [
      "'00123,'jean@orange.example,'+33612345678",
      '="00124",\u00a0nbsp@mail.example\u00a0,="0612345678"',
      '17850.0,\u200bzero@mail.example\u200b,33612345678.0',
    ]
    await upload(`\ufeffid,email,phone\n${rows.join('\n')}\n`)
    expect(await known('00123')).toMatchObject({ email: 'jean@orange.example', phone: '+33612345678' })
    expect(await known('00124')).toMatchObject({ email: 'nbsp@mail.example', phone: '0612345678' })
    expect(await known('17850')).toMatchObject({ email: 'zero@mail.example', phone: '33612345678' })
  })

  test('that lost digits are refused, with the reason', async () => {
    const { rejected } = await upload('id;email\n1,23457E+12;a@mail.example\n1.23457E+12;b@mail.example\n')
    expect(rejected.map((each) => each.message)).toEqual([
      expect.stringMatching(/not a number that a spreadsheet has rounded/),
      expect.stringMatching(/not a number that a spreadsheet has rounded/),
    ])
  })

  test('a NUL in a cell concerns its row only', async () => {
    const report = await upload(
      'id,email,city\nnul-1,nul-1@mail.example,Lyon\nnul-2,nul-2@mail.example,Ly\0on\nnul-3,nul-3@mail.example,Lyon\n',
    )
    expect(report).toMatchObject({ created: 2, rejected: [{ row: 3, code: 'nul_character' }] })
  })

  test('lines above the headings are skipped, and said', async () => {
    const text =
      'Export clients\n\nle 30/11/2026;;;\nN° client;E-mail;Nom;Prénom\ntitle-1;title@mail.example;Durand;Zoé\n'
    expect(await upload(text)).toMatchObject({ created: 1, notes: [{ code: 'title_lines' }] })
    expect(await known('title-1')).toMatchObject({ attributes: { first_name: 'Zoé', last_name: 'Durand' } })
  })

  test.each([
    ['cp850', [0x82, 0x8a, 0x93, 0x81, 0x87]],
    ['macintosh', [0x8e, 0x8f, 0x99, 0x9f, 0x8d]],
    ['windows-1252', [0xe9, 0xe8, 0xf4, 0xfc, 0xe7]],
  ] as const)('letters of %s are recognised', async (encoding, [e, eGrave, o, u, c]) => {
    const latin = `id;Prénom;Ville\n${encoding}-1;Hélène;Besançon\n${encoding}-2;Jérôme;Genève\n${encoding}-3;Jürg;Zürich\n`
    const codes = new Map([
      ['é', e],
      ['è', eGrave],
      ['ô', o],
      ['ü', u],
      ['ç', c],
    ])
    const bytes = Uint8Array.from([...latin], (char) => codes.get(char) ?? char.charCodeAt(0))
    expect((await upload(bytes)).dialect).toMatchObject({ encoding })
    expect(await known(`${encoding}-1`)).toMatchObject({ attributes: { first_name: 'Hélène', Ville: 'Besançon' } })
    expect(await known(`${encoding}-2`)).toMatchObject({ attributes: { first_name: 'Jérôme', Ville: 'Genève' } })
  })
})

describe('our own files, imported again', () => {
  test('change nothing', async () => {
    const id = "o'own-1"
    await push({
      ...{ id, email: 'own-file@mail.example', phone: '+33612345678', mail_consent: true },
      attributes: { first_name: '=Zoé', points: 12, vip: true, born: '1990-12-31', zip: '01067' },
    })
    const site = await server.cli<SiteView>('sites', 'show', 'demo')
    const token = await signLogin(site.identity_secret, id)
    const cart = { currency: 'EUR', items: [{ item_id: 'ring', price: 890, quantity: 1 }] }
    await sendAll(server, newVisitor(), [event('identify', 0, { kind: 'login', token }), event('add_to_cart', 0, cart)])
    await settled(server)
    const files = [
      '/api/v1/matches?format=csv',
      '/api/v1/matches?profile=excel-fr&format=csv',
      '/api/v1/segments/engaged/members?format=csv',
    ]
    for (const path of files) {
      const response = await server.api(path)
      if (response.status === 404) continue
      const { created, updated, unchanged, rejected } = await upload(await response.text())
      expect({ path, created, updated, rejected, any: unchanged > 0 }).toEqual({
        path,
        ...{ created: 0, updated: 0, rejected: [], any: true },
      })
    }
  })

  test('nor does the record of a customer', async () => {
    const id = 'record-1'
    await push({
      ...{ id, email: 'record@mail.example', mail_consent: true, minor: false },
      attributes: { first_name: 'Zoé', points: 12, vip: true, note: 'a, "b"' },
    })
    const { records } = await server.get<{ records: Record<string, unknown>[] }>(`/api/v1/contacts/${id}/export`)
    const cell = (value: unknown) => {
      const text = value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)
      return `"${text.replaceAll('"', '""')}"`
    }
    const columns = Object.keys(records[0]!)
    const text = [
      columns.join(','),
      ...records.map((row) => columns.map((column) => cell(row[column])).join(',')),
    ].join('\n')
    expect(await upload(`${text}\n`)).toMatchObject({ created: 0, updated: 0, unchanged: 1, rejected: [] })
  })
})
