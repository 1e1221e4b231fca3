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

type Import = { from: string; to: string }

/** What a file imports: files of the project by their path from the root, packages by their name. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  const statements = text.matchAll(
    /^(?:import|export)\s+(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)/gm,
  )
  return [...statements].map(([, statically, dynamically]) => {
    const specifier = (statically ?? dynamically)!
    const to = specifier.startsWith('.') ? relative(root, join(root, dirname(file), specifier)) : specifier
    return { from: file, to }
  })
}

const FILES = ['tag', 'server', 'dashboard', 'test'].flatMap(filesBelow)
const IMPORTS = FILES.flatMap(importsOf)

/** `may`: what a file there may import, types included. */
type Rule = { where: RegExp; may: RegExp; why: string }

/** Files of the store that only the composition of a thread, a command or the store itself may open or own. */
const NOT_THE_ENGINE = 'store/(?!open\\.|engine/(sqlite|postgres|citus)|work/leases)'

/** Rooms of `server/` by name, as one alternative of a pattern. The store without what opens an engine. */
const rooms = (...names: string[]) =>
  `server/(?:${names.map((name) => (name === 'store' ? NOT_THE_ENGINE : `${name}/`)).join('|')})`

/** A pattern for a whole import: it starts with one of these, and packages are named to their end. */
const only = (...parts: string[]) => new RegExp(`^(?:${parts.join('|')})`)

/** A package or a module of Node, not a file of the project. */
const PACKAGE = '(?!(?:test|tag|server|dashboard)/)'

/** The import table: every code file but the tests falls under exactly the first rule that matches it. */
const RULES: Rule[] = [
  { where: /^tag\/wire\.ts$/, may: /^$/, why: 'the wire contract is read by both sides and depends on neither' },
  {
    where: /^tag\//,
    may: only('tag/'),
    why: 'the tag is sent to every visitor of every shop: no packages, and nothing of the server',
  },
  {
    where: /^server\/domain\//,
    may: only('server/domain/', 'tag/wire\\.ts$'),
    why: 'rules are pure: no I/O, no clock, no library',
  },
  {
    where: /^server\/store\/migrations\//,
    may: only('server/store/migrations/', 'kysely($|/)'),
    why: 'migrations are frozen: what they import could change, and an upgrade would then differ from the one that ran',
  },
  {
    where: /^server\/store\//,
    may: only(
      'server/(domain|store)/',
      'tag/wire\\.ts$',
      'kysely($|/)',
      'node:worker_threads$',
      '(better-sqlite3|pg)$',
    ),
    why: 'the store keeps and reads; it knows the rules and what the wire says, but none of the stages that call it',
  },
  {
    where: /^server\/journal\//,
    may: only('server/journal/', 'node:', 'better-sqlite3$'),
    why: 'the journal keeps texts and knows nothing of what is in them',
  },
  {
    where: /^server\/collect\//,
    may: only(
      rooms('collect', 'domain'),
      'tag/wire\\.ts$',
      'node:(fs|http|util|zlib|timers/promises)$',
      '(zod|ajv|jose|isbot)$',
    ),
    why: 'collecting must go on while the store is down: it makes journal entries of requests and nothing more',
  },
  {
    where: /^server\/land\//,
    may: only(rooms('land', 'domain', 'store'), '(kysely|ua-parser-js)$'),
    why: 'landing writes facts to whatever store it is given, and knows no other stage',
  },
  {
    where: /^server\/segments\//,
    may: only(rooms('segments', 'domain', 'store'), '(kysely|zod)$'),
    why: 'segments judge persons over whatever store they are given, by definitions of one schema; who calls them is not their business',
  },
  {
    where: /^server\/erasure\//,
    may: only(rooms('erasure', 'domain', 'store'), 'server/store/work/leases\\.ts$', 'kysely$'),
    why: 'everything that makes data disappear is in one place and works on whatever store it is given',
  },
  {
    where: /^server\/derive\//,
    may: only(rooms('derive', 'domain', 'store', 'segments', 'erasure'), 'kysely$'),
    why: 'deriving works on whatever store it is given, and is called by nobody from outside',
  },
  {
    where: /^server\/copy\//,
    may: only('server/(copy|domain|ops|store)/', '(kysely|node:fs|node:path)$'),
    why: 'a copy reads one store and writes another; it opens both and runs no stage',
  },
  {
    where: /^server\/import\//,
    may: only(rooms('import', 'domain', 'store'), '(csv-parse|kysely|zod)$', 'node:'),
    why: 'files are read alike for the API and the commands, and written to whatever store is handed in',
  },
  {
    where: /^server\/ops\//,
    may: only('server/ops/', 'server/domain/token\\.ts$', 'node:', '(pino|prom-client|esbuild)$'),
    why: "the operator's parts are handed values and import nothing of the product but how a token is read",
  },
  {
    where: /^server\/actions\/demo\.ts$/,
    may: only(rooms('actions', 'ops', 'store'), 'test/shop/shop\\.ts$', '(hono|kysely|node:os)$'),
    why: 'the demo shop is the one part of the tests that the product serves',
  },
  {
    where: /^server\/actions\//,
    may: only(
      'server/(?!cli/|http/|threads/|app\\.ts|listen\\.ts|main\\.ts)',
      'tag/wire\\.ts$',
      '(kysely|nanoid)$',
      'node:',
    ),
    why: 'an action is a use case over the stages, for commands and routes: it knows neither of them',
  },
  {
    where: /^server\/http\//,
    may: only(
      rooms('http', 'domain', 'store', 'import', 'segments', 'erasure'),
      'tag/wire\\.ts$',
      'hono($|/)',
      '(@hono/zod-openapi|kysely|csv-stringify/sync)$',
    ),
    why: 'private routes parse, call one function and render in the words of the wire; they neither write the journal nor run the stages',
  },
  {
    where: /^server\/threads\/store-worker\.ts$/,
    may: only('server/store/engine/sqlite(-threads)?\\.ts$', 'node:worker_threads$'),
    why: 'this thread runs queries and nothing else',
  },
  {
    where: /^server\/threads\//,
    may: only(
      rooms('threads', 'collect', 'derive', 'domain', 'erasure', 'journal', 'land', 'ops'),
      'server/store/',
      '(pino|nanoid)$',
      'node:',
    ),
    why: 'a thread composes the stages that run in it; it serves no route',
  },
  {
    where: /^server\/cli\//,
    may: only(
      'server/(?!http/|app\\.ts|listen\\.ts|threads/)',
      'package\\.json$',
      '(commander|kysely|nanoid)$',
      'node:',
    ),
    why: 'a command parses, calls an action and prints; it is no client of the routes',
  },
  {
    where: /^server\/app\.ts$/,
    may: only(rooms('collect', 'domain', 'http', 'ops'), 'tag/settings\\.ts$', 'hono($|/)', '@hono/zod-openapi$'),
    why: 'the application puts routes together; what they need is handed in',
  },
  {
    where: /^server\/listen\.ts$/,
    may: only(rooms('collect'), '@hono/node-server$', 'node:http$'),
    why: 'the socket is handed what answers',
  },
  {
    where: /^server\/main\.ts$/,
    may: only('server/(?!cli/|land/|derive/|segments/|erasure/)', 'package\\.json$', '(nanoid|pino)$', 'node:'),
    why: 'the composition root makes the threads and hands each part what it needs; stages run in their threads',
  },
  {
    where: /^server\/couture\.mjs$/,
    may: only('server/cli/program\\.ts$', 'node:module$', 'module$'),
    why: 'the first file that runs must be readable by every Node',
  },
  {
    where: /^dashboard\/api\.ts$/,
    may: only('dashboard/upload\\.ts$', 'server/app\\.ts$', 'hono/client$'),
    why: 'this one file knows the server, by the types of its API',
  },
  {
    where: /^dashboard\/parts\//,
    may: only('dashboard/(parts|hooks|texts)/', 'dashboard/api\\.ts$', 'hono/jsx'),
    why: 'a widget is used by several pages and knows none of them',
  },
  {
    where: /^dashboard\/(hooks|texts)\//,
    may: only('dashboard/(hooks|texts)/', 'dashboard/api\\.ts$', 'hono/jsx'),
    why: 'hooks and texts know no page and no widget',
  },
  {
    where: /^dashboard\/pages\/([^/]+)\//,
    may: only('dashboard/(parts|hooks|texts|pages)/', 'dashboard/api\\.ts$', 'hono/jsx'),
    why: 'the dashboard runs in a browser and uses the same API as everybody',
  },
  {
    where: /^dashboard\//,
    may: only('dashboard/', 'hono/jsx'),
    why: 'the dashboard runs in a browser and uses the same API as everybody',
  },
  {
    where: /^test\/shop\//,
    may: only('test/shop/', 'tag/wire\\.ts$', PACKAGE),
    why: 'the demo shop is a shop: it knows the wire contract and nothing of the server',
  },
  {
    where: /^test\/(contract|e2e|simulation)\//,
    may: only(
      'test/',
      'tag/',
      'dashboard/texts/',
      'server/(domain|ops)/',
      'server/store/(tables|schema|migrate|open|engine/postgres|work/buckets)\\.ts$',
      'server/http/(api-document|reference)\\.ts$',
      PACKAGE,
    ),
    why: 'these tests enter by the front door: what they know of the inside is values, not stages',
  },
  {
    where: /^test\/support\//,
    may: only('test/(support|shop)/', 'tag/', 'server/', 'package\\.json$', PACKAGE),
    why: 'what tests share knows no test',
  },
]

/** Which kind of test a file is, by its folder. */
function kindOf(file: string): string | undefined {
  return /^test\/([^/]+)\//.exec(file)?.[1]
}

function ruleFor(file: string): Rule | undefined {
  return RULES.find((rule) => rule.where.test(file))
}

describe('the import table', () => {
  test.each(RULES.map((rule) => [rule.where.source, rule] as const))('holds for %s', (_, rule) => {
    const own = IMPORTS.filter((each) => ruleFor(each.from) === rule)
    const broken = own
      .filter((each) => !rule.may.test(each.to))
      .map((each) => `${each.from} may not import ${each.to}: ${rule.why}`)
    expect(broken).toEqual([])
    expect(FILES.some((file) => ruleFor(file) === rule)).toBe(true)
  })

  test('covers every file of the product', () => {
    expect(FILES.filter((file) => !file.startsWith('test/') && ruleFor(file) === undefined)).toEqual([])
  })

  test('a page imports no other page', () => {
    const pageOf = (path: string) => /^dashboard\/pages\/([^/]+)\//.exec(path)?.[1]
    const broken = IMPORTS.filter(({ from, to }) => pageOf(from) && pageOf(to) && pageOf(from) !== pageOf(to))
    expect(broken.map(({ from, to }) => `${from} may not import ${to}: what two pages share is a part`)).toEqual([])
  })

  test('tests of one kind import none of another: what they share is support, and benchmarks run simulations', () => {
    const SHARED = ['support', 'shop']
    const broken = IMPORTS.filter(({ from, to }) => {
      const [own, other] = [kindOf(from), kindOf(to)]
      return own && other && own !== other && !SHARED.includes(other) && !(own === 'bench' && other === 'simulation')
    })
    expect(broken).toEqual([])
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

/** What writes a person's text or takes one apart: a literal or a pattern that begins with its prefix. */
const PERSON_TEXT = /(['"`])[cv]:(\$\{|\1|[\w-]+((:|#)\d+)?\1)|\^\(?\[?[cv]{1,2}\]?:|like '[cv]:/

test('only domain/ids writes and reads the texts of persons: two who do it apart will do it differently', () => {
  const may =
    /^(server\/domain\/ids|test\/architecture\.test)\.ts$|^server\/store\/migrations\/|^test\/(support\/old-store|contract\/upgrade-persons\.test|unit\/ids\.test)\.ts$/
  const broken = FILES.filter((file) => !may.test(file) && PERSON_TEXT.test(readFileSync(join(root, file), 'utf8')))
  expect(broken).toEqual([])
})

/** Which folder a file lives in, as rooms are counted: `tag` and the store are one room each, a root file is its own. */
function roomOf(file: string): string {
  const [root, folder, ...rest] = file.split('/')
  if (rest.length === 0) return root === 'server' ? file : root!
  return root === 'server' ? `${root}/${folder}` : root!
}

test('no room imports itself through others, types included', () => {
  const edges = new Map<string, Set<string>>()
  for (const { from, to } of IMPORTS) {
    if (from.startsWith('test/') || to.startsWith('test/') || !FILES.includes(to)) continue
    const [a, b] = [roomOf(from), roomOf(to)]
    if (a !== b) edges.set(a, (edges.get(a) ?? new Set()).add(b))
  }
  expect(cyclesOf(edges)).toEqual([])
})

test('no file imports itself through others: a cycle has no order in which it can be read', () => {
  const edges = new Map<string, Set<string>>()
  for (const { from, to } of IMPORTS) if (FILES.includes(to)) edges.set(from, (edges.get(from) ?? new Set()).add(to))
  expect(cyclesOf(edges)).toEqual([])
})

/** Each way around that begins and ends at the same node, as text. */
function cyclesOf(edges: Map<string, Set<string>>): string[] {
  const cycles: string[] = []
  const done = new Set<string>()
  const visit = (node: string, path: string[]) => {
    if (path.includes(node)) cycles.push([...path.slice(path.indexOf(node)), node].join(' → '))
    if (done.has(node) || path.includes(node)) return
    for (const next of edges.get(node) ?? []) visit(next, [...path, node])
    done.add(node)
  }
  for (const node of edges.keys()) visit(node, [])
  return cycles
}

test(`files stay below ${MAX_LINES} lines: a longer one is more than one thing (tests and data excepted)`, () => {
  const long = FILES.filter((file) => !/\.test\.ts$|^dashboard\/texts\/|\/(products|headings)\.ts$/.test(file))
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
