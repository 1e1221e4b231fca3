/**
 * Link tokens against vectors that were computed without this code (Python's hmac, OpenSSL), so that a mail tool that
 * follows the description makes tokens that the collector accepts; and that no part of a token can be altered.
 */
import { describe, expect, test } from 'vitest'
import { contactReference, MESSAGE_PATTERN, mintToken, readToken } from '../../server/domain/token.ts'
import { linkMac } from '../../server/ops/keyring.ts'

const encode = (text: string) => Buffer.from(text, 'utf8').toString('base64url')
const decode = (text: string) => Buffer.from(text, 'base64url').toString('utf8')

const VECTORS = [
  {
    name: 'a plain token',
    secret: 'link-secret',
    said: { message: 'spring', contactId: 'C-1', issuedAt: 1767225600_000, target: null },
    token: 'c1.spring.05fGUlvOZImPFCtYqbmR8A.1767225600.sAc0toIZBXEd-cn4Chmjlc',
  },
  {
    name: 'a token with its landing page',
    secret: 'link-secret',
    said: {
      message: 'spring',
      contactId: 'C-1',
      issuedAt: 1767225600_000,
      target: 'https://shop.example/rings?size=52#top',
    },
    token:
      'c1.spring.05fGUlvOZImPFCtYqbmR8A.1767225600.aHR0cHM6Ly9zaG9wLmV4YW1wbGUvcmluZ3M_c2l6ZT01MiN0b3A.JI-ceWC8pzez0lE3euQEKS',
  },
  {
    name: 'secret, contact and page beyond ASCII',
    secret: 'autre-clé',
    said: { message: '2026-03_promo', contactId: 'élodie@10', issuedAt: 0, target: 'https://shop.example/é' },
    token: 'c1.2026-03_promo.7Kbhhfx0-YQyU_ObGGDRbp.0.aHR0cHM6Ly9zaG9wLmV4YW1wbGUvw6k.quDMP0E1H5Y-O-7IO9SpGQ',
  },
]
const read = (token: string, secret = 'link-secret') => readToken(linkMac, secret, decode, token)

describe.each(VECTORS)('$name', ({ secret, said, token }) => {
  test('matches a token computed elsewhere', () => {
    expect(mintToken(linkMac, secret, encode, said)).toBe(token)
  })

  test('is read back, with only a reference to the contact', () => {
    const { message, contactId, issuedAt, target } = said
    expect(read(token, secret)).toEqual({
      message,
      contact: contactReference(linkMac, secret, contactId),
      issuedAt,
      target,
    })
    expect(token).not.toContain(contactId)
  })

  test('is not read under another secret', () => {
    expect(read(token, `${secret}.`)).toBeNull()
  })

  test('is not read if any of its characters changes', () => {
    for (let i = 0; i < token.length; i++) {
      const changed = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1)
      expect(read(changed, secret), changed).toBeNull()
    }
  })

  test('is not read if any of its parts is missing, doubled or empty', () => {
    const parts = token.split('.')
    for (let i = 0; i < parts.length; i++) {
      for (const other of [parts.toSpliced(i, 1), parts.toSpliced(i, 0, parts[i]!), parts.with(i, '')]) {
        expect(read(other.join('.'), secret), other.join('.')).toBeNull()
      }
    }
  })
})

test('the landing page of one token cannot be moved to another', () => {
  const [plain, withPage] = [VECTORS[0]!.token, VECTORS[1]!.token]
  const page = withPage.split('.')[4]!
  const mac = plain.split('.')[4]!
  expect(read([...plain.split('.').slice(0, 4), page, mac].join('.'))).toBeNull()
})

test.each([
  '',
  ' ',
  'c1',
  '__proto__',
  'c2.spring',
  `${VECTORS[0]!.token}\n`,
  ` ${VECTORS[0]!.token}`,
  'x'.repeat(5000),
])('text that is not a token is not read: %j', (text) => {
  expect(read(text)).toBeNull()
})

test('times are kept to the second', () => {
  const token = mintToken(linkMac, 's', encode, {
    message: 'm',
    contactId: 'c',
    issuedAt: 1767225600_999,
    target: null,
  })
  expect(read(token, 's')?.issuedAt).toBe(1767225600_000)
})

test('the name of a message has 1 to 40 of A-Z a-z 0-9 _ -', () => {
  for (const good of ['a', 'Spring_2026-03', 'x'.repeat(40)]) expect(MESSAGE_PATTERN.test(good)).toBe(true)
  for (const bad of ['', 'x'.repeat(41), 'a.b', 'a b', 'é', 'a\n']) expect(MESSAGE_PATTERN.test(bad)).toBe(false)
})
