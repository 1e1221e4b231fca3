/**
 * Counts what a pattern costs, without a clock: a plain backtracking matcher that counts its steps, so that the result is
 * the same on every machine. It knows what the patterns of this project use and throws on anything else.
 */

/** A part of a pattern. */
export type Part =
  | { kind: 'char'; source: string; fits: (char: string) => boolean }
  | { kind: 'start' | 'end' | 'boundary' | 'no-boundary' }
  | { kind: 'same'; group: number }
  | { kind: 'group'; number: number | null; either: Part[][] }
  | { kind: 'look'; ahead: boolean; positive: boolean; either: Part[][] }
  | { kind: 'repeat'; min: number; max: number; lazy: boolean; part: Part }

/** A pattern that was read. */
export type Pattern = { either: Part[][]; flags: string }

/** Reads a pattern. */
export function readPattern({ source, flags }: RegExp): Pattern {
  const own = flags.replace(/[^isuv]/g, '')
  let at = 0
  let groups = 0
  const wrong = () => new Error(`the test cannot read /${source}/ at ${at}: teach it, or write the pattern more simply`)
  const eat = (text: string) => {
    if (!source.startsWith(text, at)) return false
    at += text.length
    return true
  }
  const chars = new Map<string, (char: string) => boolean>()
  const char = (text: string): Part => {
    let fits = chars.get(text)
    if (fits === undefined) {
      const alone = new RegExp(`^(?:${text})$`, own)
      const known = new Map<string, boolean>()
      fits = (given) => {
        const answer = known.get(given) ?? alone.test(given)
        known.set(given, answer)
        return answer
      }
      chars.set(text, fits)
    }
    return { kind: 'char', source: text, fits }
  }
  const branches = (): Part[][] => {
    const either: Part[][] = [[]]
    while (at < source.length && source[at] !== ')') {
      if (eat('|')) either.push([])
      else either.at(-1)?.push(repeated(part()))
    }
    return either
  }
  const closed = (): Part[][] => {
    const either = branches()
    if (!eat(')')) throw wrong()
    return either
  }
  const part = (): Part => {
    if (eat('^')) return { kind: 'start' }
    if (eat('$')) return { kind: 'end' }
    if (eat('\\b')) return { kind: 'boundary' }
    if (eat('\\B')) return { kind: 'no-boundary' }
    if (eat('(?:')) return { kind: 'group', number: null, either: closed() }
    for (const [sign, ahead, positive] of [
      ['(?=', true, true],
      ['(?!', true, false],
      ['(?<=', false, true],
      ['(?<!', false, false],
    ] as const) {
      if (eat(sign)) return { kind: 'look', ahead, positive, either: closed() }
    }
    if (eat('(')) {
      if (source[at] === '?') throw wrong()
      const number = ++groups
      return { kind: 'group', number, either: closed() }
    }
    const rest = source.slice(at)
    const same = /^\\([1-9])/.exec(rest)
    if (same) {
      at += 2
      return { kind: 'same', group: Number(same[1]) }
    }
    const found =
      /^(?:\[(?:\\[\s\S]|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u\{[0-9a-f]+\}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\[^k]|[^\\()*+?{])/iu.exec(
        rest,
      )
    if (!found) throw wrong()
    at += found[0].length
    return char(found[0])
  }
  const repeated = (one: Part): Part => {
    const found = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})(\??)/.exec(source.slice(at))
    if (!found) return one
    at += found[0].length
    const [, sign, from, comma, to, lazy] = found
    const min = sign === undefined ? Number(from) : sign === '+' ? 1 : 0
    const max = sign === undefined ? (comma ? (to ? Number(to) : Infinity) : min) : sign === '?' ? 1 : Infinity
    return { kind: 'repeat', min, max, lazy: lazy === '?', part: one }
  }
  const either = branches()
  if (at < source.length) throw wrong()
  return { either, flags }
}

/** Thrown when a match takes more steps than were allowed. */
export class TooManySteps extends Error {}

/** How many steps it takes to look for a pattern in a text, everywhere if it is global. */
export function stepsOf({ either, flags }: Pattern, text: string, most: number): number {
  const chars = /[uv]/.test(flags) ? [...text] : text.split('')
  const isWord = (at: number) => /^\w$/.test(chars[at] ?? '')
  const groups: (readonly [number, number] | undefined)[] = []
  let steps = 0
  type Next = (at: number) => boolean
  const tick = () => {
    if (++steps > most) throw new TooManySteps()
  }
  const all = (parts: Part[], i: number, at: number, next: Next): boolean => {
    const part = parts[i]
    return part === undefined ? next(at) : one(part, at, (then) => all(parts, i + 1, then, next))
  }
  const any = (branches: Part[][], at: number, next: Next) => branches.some((parts) => all(parts, 0, at, next))
  const one = (part: Part, at: number, next: Next): boolean => {
    tick()
    switch (part.kind) {
      case 'char':
        return at < chars.length && part.fits(chars[at] as string) && next(at + 1)
      case 'start':
        return (at === 0 || (flags.includes('m') && chars[at - 1] === '\n')) && next(at)
      case 'end':
        return (at === chars.length || (flags.includes('m') && chars[at] === '\n')) && next(at)
      case 'boundary':
        return isWord(at - 1) !== isWord(at) && next(at)
      case 'no-boundary':
        return isWord(at - 1) === isWord(at) && next(at)
      case 'same': {
        const [from, to] = groups[part.group] ?? [0, 0]
        return chars.slice(from, to).every((each, i) => chars[at + i] === each) && next(at + to - from)
      }
      case 'group': {
        const { number } = part
        if (number === null) return any(part.either, at, next)
        const before = groups[number]
        const done = any(part.either, at, (then) => {
          const inner = groups[number]
          groups[number] = [at, then]
          if (next(then)) return true
          groups[number] = inner
          return false
        })
        if (!done) groups[number] = before
        return done
      }
      case 'look': {
        // Behind: of one character, as all in use are.
        const found = part.ahead
          ? any(part.either, at, () => true)
          : at > 0 && any(part.either, at - 1, (then) => then === at)
        return found === part.positive && next(at)
      }
      case 'repeat':
        return part.part.kind === 'char' ? run(part, part.part.fits, at, next) : times(part, 0, at, next)
    }
  }
  /** A run of one character, without recursion. */
  const run = (part: Part & { kind: 'repeat' }, fits: (char: string) => boolean, at: number, next: Next): boolean => {
    const { min, max, lazy } = part
    let to = at
    while (to - at < (lazy ? min : max) && to < chars.length && fits(chars[to] as string)) {
      tick()
      to++
    }
    if (to - at < min) return false
    if (!lazy) {
      for (; to >= at + min; to--) {
        tick()
        if (next(to)) return true
      }
      return false
    }
    for (;;) {
      tick()
      if (next(to)) return true
      if (to - at >= max || to >= chars.length || !fits(chars[to] as string)) return false
      to++
    }
  }
  const times = (part: Part & { kind: 'repeat' }, n: number, at: number, next: Next): boolean => {
    tick()
    const again = () =>
      n < part.max && one(part.part, at, (then) => (then > at || n < part.min) && times(part, n + 1, then, next))
    if (n < part.min) return again()
    return part.lazy ? next(at) || again() : again() || next(at)
  }
  /** A pattern that begins with `^` can match at the beginning only. */
  const anchored = !flags.includes('m') && either.every(([first]) => first?.kind === 'start')
  for (let at = 0; at <= chars.length; ) {
    let end = -1
    groups.length = 0
    tick()
    any(either, at, (to) => {
      end = to
      return true
    })
    if (anchored || (end >= 0 && !flags.includes('g'))) break
    at = end > at ? end : at + 1
  }
  return steps
}

/** Characters to find examples among. */
const ALPHABET = [
  ...Array.from({ length: 126 }, (_, i) => String.fromCharCode(i)),
  ...['\u00a0', '\u00df', '\u00e9', '\u0301', '\u2019', '\u20ac', '\u0142', '\u4e2d', '\ufeff', '\u2028', '\u2192'],
]

/** Texts that a part matches: a short one, and one for each of its branches. */
export function examplesOf(part: Part): string[] {
  switch (part.kind) {
    case 'char': {
      const found = ['a', ' ', '0', '.', ...ALPHABET].filter((each) => part.fits(each))
      return [...new Set([found[0] ?? '', found.at(-1) ?? ''])]
    }
    case 'group':
      return part.either.map((parts) => exampleOf(parts))
    case 'repeat': {
      const [example = ''] = examplesOf(part.part)
      return [example.repeat(Math.max(1, part.min))]
    }
    default:
      return ['']
  }
}

/** A text that a sequence of parts matches, if it needs no look around. */
export function exampleOf(parts: Part[]): string {
  return parts.map((part) => examplesOf(part)[0] ?? '').join('')
}

/** Every part of a pattern, with an example of what stands before it in its branch. */
export function partsOf(either: Part[][], before = ''): { part: Part; before: string }[] {
  return either.flatMap((parts) => {
    let said = before
    return parts.flatMap((part) => {
      const inner = part.kind === 'repeat' ? part.part : part
      const own = { part, before: said }
      const below = 'either' in inner ? partsOf(inner.either, said) : []
      said += examplesOf(part)[0] ?? ''
      return [own, ...below]
    })
  })
}

/** Whether a repetition without an end holds another one. */
export function isNested(either: Part[][], within = false): boolean {
  return either.flat().some((part) => {
    const endless = part.kind === 'repeat' && part.max === Infinity
    if (endless && within) return true
    const inner = part.kind === 'repeat' ? part.part : part
    return 'either' in inner && isNested(inner.either, within || endless)
  })
}

/** One character for each set of a pattern's characters that some character fits and no other one does in the same way. */
export function charactersOf(either: Part[][]): string[] {
  const chars = partsOf(either).flatMap(({ part }) => {
    const inner = part.kind === 'repeat' ? part.part : part
    return inner.kind === 'char' ? [inner] : []
  })
  const found = new Map<string, string>()
  for (const each of ALPHABET) {
    const fits = chars.map((char) => (char.fits(each) ? '1' : '0')).join('')
    if (!found.has(fits)) found.set(fits, each)
  }
  return [...found.values()]
}
