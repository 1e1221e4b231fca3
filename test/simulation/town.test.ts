/**
 * A small town on a real server. With so few people one family decides a percent of wrong events, so the seed is one
 * without undetectable sharing; `docs/simulation.md` has the figures of larger towns and other seeds.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { HARSH, RATES } from './rates.ts'
import { simulate, townOf } from './simulate.ts'

const SIZE = { households: 170, weeks: 3 }

test('one seed is one town, to the millisecond, and another is another', () => {
  const told = (seed: number) => JSON.stringify(townOf(seed, SIZE).deeds)
  expect(told(1)).toBe(told(1))
  expect(told(1)).not.toBe(told(2))
})

test('whose events are whose: nothing unlawful, nothing wrong that could be known, and most of what can be known', async () => {
  const { line, wrong, refused } = await simulate(5, SIZE)
  expect(line.events).toBeGreaterThan(1000)
  expect(line.events).toBeLessThanOrEqual(3000)
  expect(line.unlawful).toBe(0)
  expect(line.avoidable, JSON.stringify(wrong)).toBe(0)
  expect(line.precision, JSON.stringify(wrong)).toBeGreaterThanOrEqual(0.985)
  expect(line.recall).toBeGreaterThanOrEqual(0.9)
  const others = Object.values(line.baselines)
  expect(line.wrong * 20).toBeLessThanOrEqual(Math.min(...others.map((figures) => figures.wrong)))
  // The judge does detect unlawful events, and the intruder's forgeries were tried.
  expect(Math.min(...others.map((figures) => figures.unlawful))).toBeGreaterThan(0)
  expect(refused.get('invalid_token')).toBeGreaterThan(0)
})

test('the documentation shows each rate with its reason', () => {
  const text = readFileSync(new URL('../../docs/simulation.md', import.meta.url), 'utf8')
  const ratesBelow = (heading: string) => {
    const from = text.indexOf(`| ${heading} `)
    const rows = text.slice(from, text.indexOf('\n\n', from)).matchAll(/^\| `(\w+)` +\| ([\d.]+) +\| (.+?) +\|$/gm)
    return Object.fromEntries([...rows].map(([, name, value, why]) => [name, { value: Number(value), why }]))
  }
  expect(ratesBelow('rate')).toEqual(RATES)
  expect(ratesBelow('harsh rate')).toEqual(HARSH)
})
