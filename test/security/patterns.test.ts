/**
 * Covers super-linear patterns: nobody may hold up a thread with a text that a regular expression takes long for.
 *
 * Every regular expression in `server/`, and those of the wire contract, is found in the source, so that a new one cannot be
 * forgotten. None may hold `.*` or `.+`, or a repetition within a repetition. Each is matched against hostile texts made from
 * its own parts, at two lengths: eight times the text may take about eight times the steps. The steps are counted, not timed.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import { describe, expect, test } from 'vitest'
import {
  charactersOf,
  exampleOf,
  examplesOf,
  isNested,
  partsOf,
  readPattern,
  stepsOf,
  TooManySteps,
} from '../support/pattern-steps.ts'

const root = new URL('../../', import.meta.url).pathname

/** The files whose patterns see what comes from outside. */
const FILES = [
  'tag/wire.ts',
  ...readdirSync(join(root, 'server'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `server/${name}`)
    .sort(),
]

/** Words after which a `/` begins a pattern. */
const BEFORE_PATTERN = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'do',
  'else',
  'void',
  'await',
  'yield',
  'throw',
])

/** The patterns in a file: its code without types and comments is walked over texts, templates and patterns. */
function patternsIn(file: string): { patterns: RegExp[]; made: number } {
  const { code } = transformSync(readFileSync(join(root, file), 'utf8'), {
    loader: 'ts',
    target: 'esnext',
    legalComments: 'none',
  })
  const patterns: RegExp[] = []
  let made = 0
  /** How deep in braces each open template is. */
  const templates: number[] = []
  let braces = 0
  let last = ''
  const token =
    /\s+|\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|[\p{L}\p{N}_$#]+|[\s\S]/uy
  const template = /(?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{)/y
  const literal = /\/((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+)\/([a-z]*)/y
  const take = (pattern: RegExp, at: number) => {
    pattern.lastIndex = at
    const found = pattern.exec(code)
    if (!found) throw new Error(`${file}: cannot read the code at ${code.slice(at, at + 40)}`)
    return found
  }
  for (let at = 0; at < code.length; ) {
    const isSlash = code[at] === '/' && code[at + 1] !== '/' && code[at + 1] !== '*'
    // After a value it divides.
    if (isSlash && (BEFORE_PATTERN.has(last) || !/[\p{L}\p{N}_$)\]}"'`]$/u.test(last))) {
      const [whole, source = '', flags = ''] = take(literal, at)
      patterns.push(new RegExp(source, flags))
      last = ')'
      at += whole.length
      continue
    }
    let [text] = take(token, at)
    at += text.length
    if (text === 'RegExp') made++
    if (text === '{') braces++
    const resumes = text === '}' && templates.at(-1) === braces
    if (text === '}' && !resumes) braces--
    if (text === '`' || resumes) {
      if (resumes) templates.pop()
      const [rest] = take(template, at)
      at += rest.length
      if (rest.endsWith('{')) templates.push(braces)
      text = rest.endsWith('{') ? '(' : ')'
    }
    if (text.trim() !== '' && !text.startsWith('/*') && !text.startsWith('//')) last = text
  }
  return { patterns, made }
}

const FOUND = FILES.map((file) => ({ file, ...patternsIn(file) }))
const PATTERNS = [
  ...new Map(
    FOUND.flatMap(({ file, patterns }) => patterns.map((pattern) => ({ file, pattern }))).map((each) => [
      String(each.pattern),
      each,
    ]),
  ).values(),
]

/** Texts of about this length that a pattern might take long for, built from what it matches. */
function hostileTexts(pattern: RegExp, length: number): Set<string> {
  const { either } = readPattern(pattern)
  const whole = either.map((parts) => exampleOf(parts))
  const texts = new Set<string>()
  const add = (before: string, again: string, after: string) => {
    if (again !== '') texts.add(before + again.repeat(Math.ceil(length / again.length)) + after)
  }
  const pieces = new Set([...whole, ...charactersOf(either), ' ', 'a', '0', '"', '.', '-'])
  const parts = partsOf(either)
  for (const [i, { part, before }] of parts.entries()) {
    for (const piece of examplesOf(part)) {
      pieces.add(piece)
      const after = examplesOf(parts[i + 1]?.part ?? { kind: 'start' })[0] ?? ''
      for (const begins of ['', before]) {
        for (const ends of ['', '\n', '\u0000', after]) add(begins, piece, ends)
        add(begins, piece + after, '\u0000')
        add(begins, before + piece, '\u0000')
      }
    }
  }
  for (const piece of pieces) {
    for (const begins of ['', '\u0001']) for (const ends of ['', '!', '\u0000', ...whole]) add(begins, piece, ends)
  }
  return texts
}

const LENGTH = 128
const FACTOR = 8
/** A bounded repetition such as `{1,64}` costs its bound at each character; it is still linear. */
const LINEAR = 1.5
/** Whatever needs no more steps a character than this is not looked at twice. */
const FEW = 40

describe('every pattern of the server', () => {
  test('is found', () => {
    expect(PATTERNS.length).toBeGreaterThan(100)
    // What is made from texts cannot be found.
    expect(FOUND.filter(({ made }) => made > 0).map(({ file }) => file)).toEqual([])
  })

  test('has neither .* nor .+, nor a repetition within a repetition', () => {
    expect(PATTERNS.filter(({ pattern }) => isRisky(pattern)).map(({ file, pattern }) => `${file} ${pattern}`)).toEqual(
      [],
    )
  })

  test('takes eight times the steps for eight times the text', () => {
    const bad = PATTERNS.flatMap(({ file, pattern }) => {
      const text = slowText(pattern)
      return text === null ? [] : `${file} ${pattern} on ${JSON.stringify(text.slice(0, 20))}…`
    })
    expect(bad).toEqual([])
  })
})

describe('the test itself', () => {
  test.each([
    /\s+$/,
    /["']+$/g,
    /^\s*a?\s*b$/,
    /\{\{[^}]*\}\}/,
    /<[^>]*>/g,
    /^\S+@\S+\.\S+$/,
    /^(?:a|b|ab)*c$/,
    /(\w+)=\1/,
  ])('finds that %s is slow', (pattern) => expect(slowText(pattern)).not.toBeNull())
  test.each([/.*x/, /a.+?b/s, /^(?:a+)+$/, /^(?:[a-z]+,?){2,}$/])('finds that %s is risky', (pattern) =>
    expect(isRisky(pattern)).toBe(true),
  )
  test.each([
    /^\s+/,
    /^[a-z]+@[a-z.]+$/,
    /\{\{[^{}]*\}\}/,
    /[a-z]{1,32}@/,
    /^(?:\.[a-z]{1,9}){1,9}$/,
    /(?<![a-z])b(?=c)/,
  ])('has nothing against %s', (pattern) => expect([slowText(pattern), isRisky(pattern)]).toEqual([null, false]))
})

/** Whether a pattern holds what is linear for some texts only. */
function isRisky(pattern: RegExp): boolean {
  const bare = pattern.source.replace(/\\[\s\S]/g, 'x').replace(/\[[^\]]*\]/g, 'x')
  return /\.(?:[*+]|\{\d+,\})/.test(bare) || isNested(readPattern(pattern).either)
}

/** A text for which a pattern takes more than eight times the steps that it takes for an eighth of it. */
function slowText(pattern: RegExp): string | null {
  const read = readPattern(pattern)
  const [short, long] = [[...hostileTexts(pattern, LENGTH)], [...hostileTexts(pattern, LENGTH * FACTOR)]]
  for (const [i, text] of long.entries()) {
    const few = FEW * text.length
    if (steps(read, text, few) <= few) continue
    const limit = steps(read, short[i] as string, LENGTH * LENGTH * 4) * FACTOR * LINEAR
    if (steps(read, text, limit) > limit) return text
  }
  return null
}

/** The steps, or more than the most if it takes more. */
function steps(pattern: ReturnType<typeof readPattern>, text: string, most: number): number {
  try {
    return stepsOf(pattern, text, most)
  } catch (error) {
    if (error instanceof TooManySteps) return most + 1
    throw error
  }
}
