/** Texts that come up again: what is remembered of them is bounded, and never lets through what names a person. */
import { describe, expect, test } from 'vitest'
import { cleanAgent, cleanTexts } from '../../server/collect/stamp.ts'
import { createUnchanged } from '../../server/collect/unchanged.ts'
import { parseJson } from '../../server/domain/nul.ts'

const KEPT = ['utm_*']

/** What is left of an address when it is sent three times, and how much was taken out. */
function thrice(url: string, kept = KEPT) {
  let removed = 0
  const clean = Array.from({ length: 3 }, () => cleanTexts({ url }, kept, () => removed++).url)
  return { clean: new Set(clean), removed }
}

describe('a page’s address that is sent again', () => {
  test.each([
    ['stays', 'https://shop.example/rings?utm_source=mail', 'https://shop.example/rings?utm_source=mail', 0],
    ['loses its query each time', 'https://shop.example/rings?user=1', 'https://shop.example/rings', 0],
    ['loses an address each time', 'https://shop.example/a/jp@mail.example/b', 'https://shop.example/a/[email]/b', 3],
    ['loses an encoded one', 'https://shop.example/jp%2540mail.example', 'https://shop.example/[email]', 3],
    ['loses a number', 'https://shop.example/tel/0612345678', 'https://shop.example/tel/[phone]', 3],
    ['is none', 'ftp://shop.example/', undefined, 0],
  ])('%s: %s', (_, url, clean, removed) => {
    expect(thrice(url)).toEqual({ clean: new Set([clean]), removed })
  })

  test('is cut by what each site keeps, and anew when that changes', () => {
    const url = 'https://shop.example/rings?utm_source=mail'
    expect(thrice(url).clean).toEqual(new Set([url]))
    expect(thrice(url, []).clean).toEqual(new Set(['https://shop.example/rings']))
    expect(thrice(url).clean).toEqual(new Set([url]))
  })
})

test('a user agent that names a person is cleaned each time', () => {
  const counted: string[] = []
  const clean = () => cleanAgent('Shop/1.0 (jp@mail.example)', (kind) => counted.push(kind))
  expect([clean(), clean()]).toEqual(['Shop/1.0 ([email])', 'Shop/1.0 ([email])'])
  expect(counted).toEqual(['email', 'email'])
})

test('no more than twice as many texts are remembered as asked for, the last ones always, and no long ones', () => {
  const known = createUnchanged(10)
  const texts = Array.from({ length: 1000 }, (_, i) => `text ${i}`)
  for (const text of texts) known.add(text)
  expect(texts.filter(known.has).length).toBeLessThanOrEqual(20)
  expect(texts.slice(-10).every(known.has)).toBe(true)
  known.add('x'.repeat(10_000))
  expect(known.has('x'.repeat(10_000))).toBe(false)
})

describe('a large number keeps its digits wherever it stands', () => {
  const LARGE = '9007199254740993'
  test.each(Array.from({ length: 34 }, (_, i) => i))('after %s characters', (n) => {
    const text = `{"${'a'.repeat(n)}":[${LARGE},-1${LARGE}]}`
    expect(Object.values(parseJson(text) as object)).toEqual([[LARGE, `-1${LARGE}`]])
  })
})
