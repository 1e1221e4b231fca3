/** Identifiers that identify nobody: what broken templates and careless code send in place of a contact. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isBlockedIdentifier, looksLikeEmail, normaliseEmail } from '../../server/domain/identifier.ts'
import { normalise as normaliseInTag } from '../../tag/form.ts'

const ERASED_CONTACT = [
  ...['', '   ', '0', '00000', '-', '---', '.', '0.0', '-1', 'null', 'nil', 'none', 'n/a', 'na', 'nan', 'undefined'],
  ...[
    'unknown',
    'anonymous',
    'anon',
    'guest',
    'user',
    'visitor',
    'customer',
    'test',
    'id',
    'email',
    'userid',
    'user_id',
  ],
  ...[
    'distinct_id',
    'true',
    'false',
    '[object object]',
    '{{contact.id}}',
    '{{ contact.id | default("") }}',
    '*|UNIQID|*',
  ],
  ...['%%subscriberid%%', `$\{user.id}`, 'id-{{id}}', '00000000-0000-0000-0000-000000000000'],
  ...[
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    'somebody@shop.invalid',
    'noreply@shop.example',
  ],
]

const SOMEBODY = [
  ...['1', '10', '100', 'C-1', '-12', 'Nancy', 'nullmann', 'guest-17', 'tester@example.com', 'testa', 'user1', '0x'],
  ...['a@b', 'info@invalid.example', 'reply@shop.example', 'noreplyer', '{id}', '5%', '$5', 'anna@example.com'],
  ...['00000000-0000-0000-0000-000000000001'],
]

describe('is nobody', () => {
  test.each(ERASED_CONTACT)('%j', (value) => expect(isBlockedIdentifier(value)).toBe(true))

  test.each(ERASED_CONTACT)('%j in capitals, quotes and spaces', (value) => {
    for (const dressed of [value.toUpperCase(), ` ${value}\n`, `"${value}"`, `'${value}'`, ` "${value} " `]) {
      expect(isBlockedIdentifier(dressed), dressed).toBe(true)
    }
  })
})

test.each(SOMEBODY)('%j is somebody', (value) => expect(isBlockedIdentifier(value)).toBe(false))

test('a merge tag counts wherever it begins and ends', () => {
  for (const tag of ['a {{x}} b', '{{}}', '*||*', '}} {{x}}', `$\{}`, '%%%%'])
    expect(isBlockedIdentifier(tag), tag).toBe(true)
  for (const none of ['}}x{{', '*|*', '%%%', `}$\{`]) expect(isBlockedIdentifier(none), none).toBe(false)
})

describe('one address is compared in one form, by the server and by the tag:', () => {
  test.each([
    ['  Anna.Maria+Shop@Example.COM\t', 'anna.maria+shop@example.com'],
    ['anna@shop.fr\u200b', 'anna@shop.fr'],
    ['\u202aanna@shop.fr\u202c', 'anna@shop.fr'],
    ['\ufeffan\u00adna@shop.fr', 'anna@shop.fr'],
    ["'jean@orange.fr", 'jean@orange.fr'],
    ["o'neil@example.ie", "o'neil@example.ie"],
    ['rene\u0301@shop.fr', 'ren\u00e9@shop.fr'],
    ['rene@bijoux-\u00e9l\u00e9gance.fr', 'rene@xn--bijoux-lgance-hhbb.fr'],
    ['RENE@BIJOUX-E\u0301LE\u0301GANCE.FR', 'rene@xn--bijoux-lgance-hhbb.fr'],
    ['rene@xn--bijoux-lgance-hhbb.fr', 'rene@xn--bijoux-lgance-hhbb.fr'],
    ['anna@m\u00fcnchen.example', 'anna@xn--mnchen-3ya.example'],
    ['anna@a/b\u00e9', 'anna@a/b\u00e9'],
    ['\u00e9l\u00e9onore', '\u00e9l\u00e9onore'],
  ])('%j is %j', (address, compared) => {
    expect(normaliseEmail(address)).toBe(compared)
    expect(normaliseInTag(address)).toBe(compared)
  })

  test('any text', () => {
    const unit = fc.constantFrom(..."abc '.@/:-\u00e9\u0301\u200b\u4f8b")
    fc.assert(
      fc.property(fc.string({ unit }), (address) => {
        expect(normaliseInTag(address)).toBe(normaliseEmail(address))
      }),
    )
  })
})

test('an e-mail address has one @ with text on both sides, and a bounded length', () => {
  for (const good of ['a@b', 'anna.maria+x@example.com', "o'neil@example.ie", ' anna@example.com ']) {
    expect(looksLikeEmail(good), good).toBe(true)
  }
  const bad = [
    '',
    'anna',
    '@example.com',
    'anna@',
    'a@b@c',
    'a b@example.com',
    'Anna <a@b.c>',
    'a@b,c@d',
    `${'a'.repeat(316)}@b.de`,
  ]
  for (const each of bad) expect(looksLikeEmail(each), each).toBe(false)
})
