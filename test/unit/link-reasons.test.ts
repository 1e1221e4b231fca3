/** Every code that the rules can write has a sentence; a sentence may be there before its rule. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ANOTHER, SAME } from '../../server/domain/identity-table.ts'
import { END_REASONS, REASONS } from '../../server/domain/link-reasons.ts'

const domain = new URL('../../server/domain/', import.meta.url)
const source = readdirSync(domain)
  .filter((name) => name.startsWith('identity'))
  .map((name) => readFileSync(new URL(name, domain), 'utf8'))
  .join('\n')
const cells = [...Object.values(ANOTHER), ...Object.values(SAME)].flatMap((row) => Object.values(row))
const written = (pattern: RegExp) => [...source.matchAll(pattern)].map(([, code]) => code!)

test('every reason of the decision table, of the evidence and of the fold', () => {
  const codes = [...cells.map((cell) => cell.reason), ...written(/\breason: '(\w+)'/g)]
  expect(codes).toEqual(expect.arrayContaining(['signed_login', 'not_in_crm', 'trusted_unsigned_login']))
  expect([...new Set(codes)].filter((code) => !Object.hasOwn(REASONS, code))).toEqual([])
})

test('every end: by itself, and by the claim that replaced it', () => {
  const ending = new Set<string>(['supersede', 'replace'])
  const codes = [
    ...cells.filter((cell) => ending.has(cell.action)).map((cell) => cell.reason),
    ...written(/\b(?:close|makeVoid)\([^'\n]*'(\w+)'/g),
    ...written(/\bendReason: '(\w+)'/g),
    ...['signed_login_over_typed', 'trusted_unsigned_login', 'typed_address_trusted', 'confirmed_by_operator'],
  ]
  expect(codes).toEqual(expect.arrayContaining(['logout', 'forwarded_mail', 'session_over', 'click_of_another']))
  expect([...new Set(codes)].filter((code) => !Object.hasOwn(END_REASONS, code))).toEqual([])
})

test('each is one sentence', () => {
  for (const sentence of [...Object.values(REASONS), ...Object.values(END_REASONS)]) {
    expect(sentence).toMatch(/^[A-Z][^.]*\.$/)
  }
})
