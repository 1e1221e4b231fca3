/** Readers of single cells and headings, as tables. */
import { describe, expect, test } from 'vitest'
import { dayOrderOf, readInstant, readIsoTime } from '../../server/domain/dates.ts'
import { IMPORT_FIELDS } from '../../server/domain/import-fields.ts'
import { attributeName, isSecretHeading, plain } from '../../server/import/heading.ts'
import { parseMap } from '../../server/import/map.ts'
import { cleanCell, readAddress, readFlag } from '../../server/import/values.ts'

test.each([
  ['E-Mail *', 'email'],
  ['E-mail 1 - Value', 'email 1 value'],
  ['eMail', 'email'],
  ['Opt-in (0/1)', 'optin'],
  ['HasOptedOutOfEmail', 'has opted out of email'],
  ['Kunden-Nr.', 'kunden nr'],
  ['Nº de cliente', 'no de cliente'],
  ['Prénom', 'prenom'],
  ["Don't email", 'do not email'],
  ['\n start \n end \n', 'start end'],
])('the heading %j is read as %j', (heading, read) => expect(plain(heading)).toBe(read))

test.each([
  ['firstname', 'firstname'],
  ['Registration date (yyyy-mm-dd)', 'registration_date'],
  ["Assistant's Name", 'assistants_name'],
  ['Größe', 'größe'],
  ['IM Aim', 'im_aim'],
  ['__Points (total) [2024]__', 'points'],
  ['Points (total', 'points_total'],
  ['x'.repeat(300), 'x'.repeat(200)],
])('the heading %j names the attribute %j', (heading, name) => expect(attributeName(heading)).toBe(name))

describe('secrets are recognised by their heading', () => {
  test.each([
    ...['password', 'Password *', 'password_hash', 'userPassword', 'PasswordHash', 'passwd', 'salt', 'rp_token'],
    ...['rp_token_created_at', 'reset_link', 'API secret', 'Mot de passe', 'Passwort', 'Kennwort', 'Contraseña'],
    ...['auth-token', 'Login (password)', 'CVV', 'Card number'],
  ])('%s', (heading) => expect(isSecretHeading(heading)).toBe(true))
  test.each(['email', 'Passport country', 'compass', 'Asalto', 'Presets', 'Secretary', 'Hashtags'])(
    'not %s',
    (heading) => expect(isSecretHeading(heading)).toBe(false),
  )
})

test.each([
  ['1', true],
  ['Oui', true],
  ['sì', true],
  ['nein', false],
  ['1.0', true],
  ['2', null],
  ['', null],
  ['perhaps', null],
])('the flag %j is %j', (text, flag) => expect(readFlag(text)).toBe(flag))

test.each([
  [' x ', 'x'],
  ['="00123"', '00123'],
  ['\\N', ''],
  ['NULL', ''],
  ['Null', 'Null'],
  ['#N/A', ''],
  ['="', '="'],
  ['=""', ''],
])('the cell %j says %j', (cell, said) => expect(cleanCell(cell)).toBe(said))

test.each([
  ['anna@x.example', 'anna@x.example', null],
  ['Anna Smith <anna@x.example>', 'anna@x.example', 'Anna Smith'],
  ['"Smith, Anna" <anna@x.example>', 'anna@x.example', 'Smith, Anna'],
  ['mailto:anna@x.example', 'anna@x.example', null],
  ['anna@x.example ::: bob@x.example', 'anna@x.example', null],
  ['anna@x.example, bob@x.example', 'anna@x.example, bob@x.example', null],
  [' Anna < mailto:anna@x.example > ', 'anna@x.example', 'Anna'],
  ['<anna@x.example>', 'anna@x.example', null],
  ['Anna "the" Smith <anna@x.example>', 'Anna "the" Smith <anna@x.example>', null],
  ['Anna <<anna@x.example>', 'Anna <<anna@x.example>', null],
  ['<>', '<>', null],
])('the address in %j is %j', (text, address, name) => expect(readAddress(text)).toEqual({ address, name }))

describe('times', () => {
  test.each([
    ['2015-01-10', null, '2015-01-10'],
    ['2015/1/5', null, '2015-01-05'],
    ['20.01.1991', null, '1991-01-20'],
    ['20/01/1991', 'dmy', '1991-01-20'],
    ['01/20/1991', 'mdy', '1991-01-20'],
    ['03/04/1991', null, null],
    ['2015-10-30 12:49:47', null, '2015-10-30T12:49:47'],
    ['2015-10-30T12:49:47+02:00', null, '2015-10-30T12:49:47+02:00'],
    ['1/20/1991 3:05 PM', 'mdy', '1991-01-20T15:05:00'],
    ['0000-00-00', null, null],
    ['2023-02-29', null, null],
    ['2024-02-29', null, '2024-02-29'],
    ['10', null, null],
  ] as const)('%j with %j is %j', (text, order, iso) => expect(readIsoTime(text, order)).toBe(iso))
  test.each([
    [['1/2/2024', '13/2/2024'], 'dmy'],
    [['1/2/2024', '2/13/2024'], 'mdy'],
    [['1/2/2024'], null],
    [['13/2/2024', '2/13/2024'], null],
  ])('days of %j are in the order %j', (cells, order) => expect(dayOrderOf(cells)).toBe(order))
  test.each([
    ['2015-10-30 12:49:47', Date.UTC(2015, 9, 30, 12, 49, 47)],
    ['2015-10-30', Date.UTC(2015, 9, 30)],
    ['1446209387', 1446209387000],
    ['1446209387000', 1446209387000],
    ['soon', null],
  ])('the instant %j', (text, ms) => expect(readInstant(text, null)).toBe(ms))
})

describe('the map', () => {
  test.each([
    [
      'Nr:id,Mail:email',
      [
        ['Nr', 'id'],
        ['Mail', 'email'],
      ],
    ],
    [
      '{"a:b,c":"id","x":"-"}',
      [
        ['a:b,c', 'id'],
        ['x', '-'],
      ],
    ],
    [
      'a:attributes.tier,b:tier2',
      [
        ['a', 'attributes.tier'],
        ['b', 'attributes.tier2'],
      ],
    ],
    ['Opt: in:mail_consent', [['Opt: in', 'mail_consent']]],
    ['', []],
  ])('%s', (text, pairs) => expect([...parseMap(text, IMPORT_FIELDS.contacts, true)]).toEqual(pairs))
  test.each(['a', '{"a":', '{"a":1}', ':id', 'a:', 'a:attributes.'])('%s is refused', (text) =>
    expect(() => parseMap(text, IMPORT_FIELDS.contacts, true)).toThrow(/^(map must|a field in map must)/),
  )
})
