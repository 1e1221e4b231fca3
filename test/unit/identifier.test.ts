/** Identifiers that identify nobody: what broken templates and careless code send in place of a contact. */
import { describe, expect, test } from 'vitest'
import { isBlockedIdentifier, looksLikeEmail, normaliseEmail } from '../../server/domain/identifier.ts'

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

test('an address is only trimmed and lower-cased: dots and plus signs may distinguish people', () => {
  expect(normaliseEmail('  Anna.Maria+Shop@Example.COM\t')).toBe('anna.maria+shop@example.com')
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
