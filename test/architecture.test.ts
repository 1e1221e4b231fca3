/**
 * The boundaries of the code: which folder may import what, no cycles, and files that are still one thing. Each
 * failure says what the rule is for, because whoever meets it did not have it in mind.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = new URL('../', import.meta.url).pathname
const MAX_LINES = 300

/** All code files below a folder, by their path from the root. */
function filesBelow(folder: string): string[] {
  if (/(^|\/)(node_modules|dist|data|\.git)$/.test(folder)) return []
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return filesBelow(path)
    return /\.(ts|tsx|mjs)$/.test(entry.name) ? [path] : []
  })
}

type Import = { from: string; to: string; typeOnly: boolean }

/** What a file imports: files of the project by their path from the root, packages by their name. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const statements = text.matchAll(
    /^(?:import|export)\s+(?:(type)\s)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)/gm,
  )
  return [...statements].map(([, type, statically, dynamically]) => {
    const specifier = (statically ?? dynamically)!
    const to = specifier.startsWith('.') ? relative(root, join(root, dirname(file), specifier)) : specifier
    return { from: file, to, typeOnly: type === 'type' }
  })
}

const FILES = ['tag', 'server', 'dashboard', 'test'].flatMap(filesBelow)
const IMPORTS = FILES.flatMap(importsOf)

type Rule = { where: RegExp; may: RegExp; why: string; typesToo?: RegExp }

const DRIVERS = 'better-sqlite3|pg'

/** The import table. `may`: what a file there may import; `typesToo`: what it may import the types of. */
const RULES: Rule[] = [
  { where: /^tag\/wire\.ts$/, may: /^$/, why: 'the wire contract is read by both sides and depends on neither' },
  {
    where: /^tag\//,
    may: /^tag\//,
    why: 'the tag is sent to every visitor of every shop: no packages, and nothing of the server',
  },
  {
    where: /^server\/domain\//,
    may: /^(server\/domain\/|tag\/wire\.ts$)/,
    why: 'rules are pure: no I/O, no clock, no library',
  },
  {
    where: /^server\/store\//,
    may: new RegExp(`^(server/domain/|server/store/|kysely($|/)|node:worker_threads$|(${DRIVERS})$)`),
    why: 'the store keeps and reads; it knows rules, but none of the stages that call it',
  },
  {
    where: /^server\/journal\//,
    may: /^(server\/journal\/|node:|better-sqlite3$)/,
    why: 'the journal keeps texts and knows nothing of what is in them',
  },
  {
    where: /^server\/collect\//,
    may: /^(server\/collect\/|server\/domain\/|tag\/wire\.ts$|server\/http\/problem\.ts$|node:(fs|http|util|zlib|timers\/promises)$|zod$|ajv$|jose$|isbot$)/,
    why: 'collecting must go on while the store is down: it makes entries of requests and nothing more',
  },
  {
    where: /^server\/(land|derive)\//,
    may: /^(server\/(land|derive|domain|store)\/(?!(sqlite|postgres|open|leases)[.-])|kysely$|ua-parser-js$)/,
    why: 'these stages work on whatever store they are given, and are called by nobody from outside',
  },
  {
    where: /^server\/http\//,
    may: /^(server\/(http|domain|store|import)\/(?!(sqlite|postgres|open|leases)[.-])|hono($|\/)|@hono\/zod-openapi$|kysely$|csv-stringify\/sync$)/,
    why: 'private routes read the store; they neither write the journal nor run the stages',
  },
  {
    where: /^server\/import\//,
    may: /^(server\/(import|domain|store)\/(?!(sqlite|postgres|open|leases)[.-])|csv-parse$|kysely$|node:)/,
    why: 'files are read alike for the API and the commands, and written to whatever store is handed in',
  },
  {
    where: /^server\/ops\//,
    may: /^(server\/ops\/|node:|pino$|prom-client$)/,
    why: "the operator's parts are handed values and import nothing of the product",
  },
  {
    where: /^dashboard\//,
    may: /^(dashboard\/|hono\/(jsx|client))/,
    typesToo: /^server\/app\.ts$/,
    why: 'the dashboard runs in a browser and uses the same API as everybody',
  },
]

function ruleFor(file: string): Rule | undefined {
  return RULES.find((rule) => rule.where.test(file))
}

describe('the import table', () => {
  test.each(RULES.map((rule) => [rule.where.source, rule] as const))('holds for %s', (_, rule) => {
    const own = IMPORTS.filter((each) => ruleFor(each.from) === rule)
    const broken = own
      .filter(
        (each) => !rule.may.test(each.to) && !(each.typeOnly && (rule.typesToo ?? /^tag\/settings\.ts$/).test(each.to)),
      )
      .map((each) => `${each.from} may not import ${each.to}: ${rule.why}`)
    expect(broken).toEqual([])
    expect(FILES.some((file) => ruleFor(file) === rule)).toBe(true)
  })

  test('nothing of the product imports the tests, but for the demo shop', () => {
    const broken = IMPORTS.filter(
      (each) => !each.from.startsWith('test/') && each.to.startsWith('test/') && each.to !== 'test/shop/shop.ts',
    )
    expect(broken).toEqual([])
  })
})

test('rules ask no clock and roll no dice: time and chance are handed in, or replays would differ', () => {
  const impure = FILES.filter((file) => file.startsWith('server/domain/')).filter((file) =>
    /Date\.now|new Date\(\)|Math\.random|performance\.|process\.|crypto\b/.test(readFileSync(join(root, file), 'utf8')),
  )
  expect(impure).toEqual([])
})

test('no file imports itself through others: a cycle has no order in which it can be read', () => {
  const edges = new Map<string, string[]>()
  for (const { from, to, typeOnly } of IMPORTS) {
    if (!typeOnly && FILES.includes(to)) edges.set(from, [...(edges.get(from) ?? []), to])
  }
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (file: string, path: string[]) => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '))
    if (done.has(file) || path.includes(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of FILES) visit(file, [])
  expect(cycles).toEqual([])
})

test(`files stay below ${MAX_LINES} lines: a longer one is more than one thing (tests and data excepted)`, () => {
  const long = FILES.filter((file) => !/\.test\.ts$|\/texts\.|\/(products|headings)\.ts$/.test(file))
    .map((file) => [file, readFileSync(join(root, file), 'utf8').split('\n').length] as const)
    .filter(([, lines]) => lines > MAX_LINES)
  expect(long).toEqual([])
})

test('every file says first what it is for', () => {
  const silent = FILES.filter((file) => !/\.test\.ts$/.test(file)).filter((file) => {
    const text = readFileSync(join(root, file), 'utf8').replace(/^#!.*\n/, '')
    return !/^(\/\*\*|\/\/)/.test(text)
  })
  expect(silent).toEqual([])
})

test('the roots of the code are the four that the layout names', () => {
  const folders = readdirSync(root).filter(
    (name) =>
      statSync(join(root, name)).isDirectory() &&
      filesBelow(name).length > 0 &&
      !/^(node_modules|dist|data)$/.test(name),
  )
  expect(folders.filter((name) => !['tag', 'server', 'dashboard', 'test', 'docs', 'deploy'].includes(name))).toEqual([])
})
