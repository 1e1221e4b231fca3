/**
 * The boundaries of the code: which folder may import what, no cycles, and files with a single purpose. Each
 * failure explains the purpose of its rule.
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

/** The imports of a file: files of the project by their path from the root, packages by name. */
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

/** Files of the store that only the composition of a thread, a command or the store itself may use. */
const NOT_THE_ENGINE = 'store/(?!open\\.|engine/(sqlite|postgres|citus)|work/leases)'

/** Rooms of `server/` by name, as alternatives of a pattern. The store excludes the files that open an engine. */
const rooms = (...names: string[]) =>
  `server/(?:${names.map((name) => (name === 'store' ? NOT_THE_ENGINE : `${name}/`)).join('|')})`

/** A pattern for a whole import that starts with one of these; package names match completely. */
const only = (...parts: string[]) => new RegExp(`^(?:${parts.join('|')})`)

/** A package or a module of Node, not a file of the project. */
const PACKAGE = '(?!(?:test|tag|server|dashboard)/)'

/** The import table: the first matching rule applies to each code file outside the tests. */
const RULES: Rule[] = [
  { where: /^tag\/wire\.ts$/, may: /^$/, why: 'both sides read the wire contract, which depends on neither' },
  {
    where: /^tag\//,
    may: only('tag/'),
    why: 'the tag is sent to every visitor of every shop, so it uses no packages and no server code',
  },
  {
    where: /^server\/domain\//,
    may: only('server/domain/', 'tag/(wire|settings)\\.ts$'),
    why: 'rules are pure: no I/O, no clock, no libraries',
  },
  {
    where: /^server\/store\/migrations\//,
    may: only('server/store/migrations/', 'kysely($|/)'),
    why: 'migrations are frozen: a change of an imported file would make later upgrades differ from earlier ones',
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
    why: 'the store writes and reads; it knows the rules and the wire contract, but none of the stages that call it',
  },
  {
    where: /^server\/journal\//,
    may: only('server/journal/', 'node:', 'better-sqlite3$'),
    why: 'the journal stores texts without knowing their content',
  },
  {
    where: /^server\/collect\//,
    may: only(
      rooms('collect', 'domain'),
      'tag/wire\\.ts$',
      'node:(fs|http|util|zlib|timers/promises)$',
      '(zod|ajv|jose|isbot)$',
    ),
    why: 'collecting must continue while the store is down, so it only turns requests into journal entries',
  },
  {
    where: /^server\/land\//,
    may: only(rooms('land', 'domain', 'store'), '(kysely|ua-parser-js)$'),
    why: 'landing writes facts to the store it is given, and knows no other stage',
  },
  {
    where: /^server\/segments\//,
    may: only(rooms('segments', 'domain', 'store'), '(kysely|zod)$'),
    why: 'segments judge persons in the store they are given, by definitions of one schema; they do not know their callers',
  },
  {
    where: /^server\/erasure\//,
    may: only(rooms('erasure', 'domain', 'store'), 'server/store/work/leases\\.ts$', 'kysely$'),
    why: 'everything that deletes data is in one place and works on the store it is given',
  },
  {
    where: /^server\/derive\//,
    may: only(rooms('derive', 'domain', 'store', 'segments', 'erasure'), 'kysely$'),
    why: 'deriving works on the store it is given, and nothing outside the process calls it',
  },
  {
    where: /^server\/copy\//,
    may: only('server/(copy|domain|ops|store)/', '(kysely|node:fs|node:path)$'),
    why: 'a copy reads one store and writes another; it opens both and runs no stage',
  },
  {
    where: /^server\/import\//,
    may: only(rooms('import', 'domain', 'store'), '(csv-parse|kysely|read-excel-file/universal|zod)$', 'node:'),
    why: 'the API and the commands read files in the same way and write them to the store they are given',
  },
  {
    where: /^server\/ops\//,
    may: only('server/ops/', 'server/domain/token\\.ts$', 'node:', '(pino|prom-client|esbuild)$'),
    why: "the operator's parts are given values and import nothing of the product except the reading of tokens",
  },
  {
    where: /^server\/actions\/demo\.ts$/,
    may: only(
      rooms('actions', 'domain', 'erasure', 'ops', 'store'),
      'test/shop/(shop|customers)\\.ts$',
      '(hono|kysely|node:os)$',
    ),
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
    why: 'an action is a use case over the stages, for commands and routes, and knows neither',
  },
  {
    where: /^server\/http\//,
    may: only(
      rooms('http', 'domain', 'store', 'import', 'segments', 'erasure'),
      'tag/wire\\.ts$',
      'hono($|/)',
      '(@hono/zod-openapi|kysely|csv-stringify/sync)$',
    ),
    why: 'private routes parse, call one function and render the wire format; they neither write the journal nor run the stages',
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
    why: 'a command parses, calls an action and prints; it does not use the routes',
  },
  {
    where: /^server\/app\.ts$/,
    may: only(rooms('collect', 'domain', 'http', 'ops'), 'tag/settings\\.ts$', 'hono($|/)', '@hono/zod-openapi$'),
    why: 'the application combines the routes; their dependencies are passed in',
  },
  {
    where: /^server\/http-deps\.ts$/,
    may: only(rooms('actions', 'collect', 'http', 'ops', 'store'), 'kysely$'),
    why: 'it composes what routes need and may not import, and decides nothing',
  },
  {
    where: /^server\/listen\.ts$/,
    may: only(rooms('collect'), '@hono/node-server$', 'node:(http|net)$'),
    why: 'the socket is given the handler of its requests',
  },
  {
    where: /^server\/main\.ts$/,
    may: only('server/(?!cli/|land/|derive/|segments/|erasure/)', 'package\\.json$', '(nanoid|pino)$', 'node:'),
    why: 'the composition root creates the threads and gives each part its dependencies; stages run in their threads',
  },
  {
    where: /^server\/couture\.mjs$/,
    may: only('server/cli/program\\.ts$', 'node:module$', 'module$'),
    why: 'the first file that runs must work on every version of Node',
  },
  {
    where: /^dashboard\/api\.ts$/,
    may: only('dashboard/upload\\.ts$', 'server/app\\.ts$', 'hono/client$'),
    why: 'only this file knows the server, through the types of its API',
  },
  {
    where: /^dashboard\/pages\/import\/rejected-csv\.ts$/,
    may: only('dashboard/', 'server/domain/csv-cell\\.ts$'),
    why: 'a cell is made harmless by one rule, in files that the browser writes too',
  },
  {
    where: /^dashboard\/pages\/import\/columns\.tsx$/,
    may: only('dashboard/', 'server/domain/import-fields\\.ts$', 'hono/jsx'),
    why: 'the fields of a column are listed once, for the server that reads it and the page that offers them',
  },
  {
    where: /^dashboard\/parts\//,
    may: only('dashboard/(parts|hooks|texts)/', 'dashboard/api\\.ts$', 'hono/jsx'),
    why: 'several pages use a widget, which knows none of them',
  },
  {
    where: /^dashboard\/(hooks|texts)\//,
    may: only('dashboard/(hooks|texts)/', 'dashboard/api\\.ts$', 'hono/jsx'),
    why: 'hooks and texts know neither pages nor widgets',
  },
  {
    where: /^dashboard\/pages\/([^/]+)\//,
    may: only('dashboard/(parts|hooks|texts|pages)/', 'dashboard/api\\.ts$', 'hono/jsx'),
    why: 'the dashboard runs in a browser and uses the public API',
  },
  {
    where: /^dashboard\//,
    may: only('dashboard/', 'hono/jsx'),
    why: 'the dashboard runs in a browser and uses the public API',
  },
  {
    where: /^test\/shop\//,
    may: only('test/shop/', 'tag/wire\\.ts$', PACKAGE),
    why: 'the demo shop is a shop: it knows the wire contract but not the server',
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
    why: 'these tests use HTTP: they may import values from the product, but not stages',
  },
  {
    where: /^test\/support\//,
    may: only('test/(support|shop)/', 'tag/', 'server/', 'package\\.json$', PACKAGE),
    why: 'shared test code knows no test',
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

  test('no page imports another page', () => {
    const pageOf = (path: string) => /^dashboard\/pages\/([^/]+)\//.exec(path)?.[1]
    const broken = IMPORTS.filter(({ from, to }) => pageOf(from) && pageOf(to) && pageOf(from) !== pageOf(to))
    expect(broken.map(({ from, to }) => `${from} may not import ${to}: code shared by two pages is a part`)).toEqual([])
  })

  test('tests of one kind import none of another, except shared support and the simulations run by benchmarks', () => {
    const SHARED = ['support', 'shop']
    const broken = IMPORTS.filter(({ from, to }) => {
      const [own, other] = [kindOf(from), kindOf(to)]
      return own && other && own !== other && !SHARED.includes(other) && !(own === 'bench' && other === 'simulation')
    })
    expect(broken).toEqual([])
  })

  test('the product imports nothing from the tests except the demo shop', () => {
    const broken = IMPORTS.filter(
      (each) =>
        !each.from.startsWith('test/') &&
        each.to.startsWith('test/') &&
        !['test/shop/shop.ts', 'test/shop/customers.ts'].includes(each.to),
    )
    expect(broken).toEqual([])
  })
})

test('rules use no clock and no randomness: both are passed in, so that replays are identical', () => {
  const impure = FILES.filter((file) => file.startsWith('server/domain/')).filter((file) =>
    /Date\.now|new Date\(\)|Math\.random|performance\.|process\.|crypto\b/.test(readFileSync(join(root, file), 'utf8')),
  )
  expect(impure).toEqual([])
})

/** Code that writes or parses a person's text: a literal or a pattern that starts with its prefix. */
const PERSON_TEXT = /(['"`])[cv]:(\$\{|\1|[\w-]+((:|#)\d+)?\1)|\^\(?\[?[cv]{1,2}\]?:|like '[cv]:/

test('only domain/ids writes and parses the texts of persons, so that there is one format', () => {
  const may =
    /^(server\/domain\/ids|test\/architecture\.test)\.ts$|^server\/store\/migrations\/|^test\/(support\/old-store|contract\/upgrade-persons\.test|unit\/ids\.test)\.ts$/
  const broken = FILES.filter((file) => !may.test(file) && PERSON_TEXT.test(readFileSync(join(root, file), 'utf8')))
  expect(broken).toEqual([])
})

/** The room of a file: `tag` and the store are one room each, and a root file is its own room. */
function roomOf(file: string): string {
  const [root, folder, ...rest] = file.split('/')
  if (rest.length === 0) return root === 'server' ? file : root!
  return root === 'server' ? `${root}/${folder}` : root!
}

test('no room imports itself through others, including types', () => {
  const edges = new Map<string, Set<string>>()
  for (const { from, to } of IMPORTS) {
    if (from.startsWith('test/') || to.startsWith('test/') || !FILES.includes(to)) continue
    const [a, b] = [roomOf(from), roomOf(to)]
    if (a !== b) edges.set(a, (edges.get(a) ?? new Set()).add(b))
  }
  expect(cyclesOf(edges)).toEqual([])
})

test('no file imports itself through others, because a cycle has no reading order', () => {
  const edges = new Map<string, Set<string>>()
  for (const { from, to } of IMPORTS) if (FILES.includes(to)) edges.set(from, (edges.get(from) ?? new Set()).add(to))
  expect(cyclesOf(edges)).toEqual([])
})

/** Each cycle as text. */
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

test(`files stay below ${MAX_LINES} lines, except tests and data, because a longer one has several purposes`, () => {
  const long = FILES.filter((file) => !/\.test\.ts$|^dashboard\/texts\/|\/(products|headings)\.ts$/.test(file))
    .map((file) => [file, readFileSync(join(root, file), 'utf8').split('\n').length] as const)
    .filter(([, lines]) => lines > MAX_LINES)
  expect(long).toEqual([])
})

test('every file starts with a comment that says what it is for', () => {
  const silent = FILES.filter((file) => !/\.test\.ts$/.test(file)).filter((file) => {
    const text = readFileSync(join(root, file), 'utf8').replace(/^#!.*\n/, '')
    return !/^(\/\*\*|\/\/)/.test(text)
  })
  expect(silent).toEqual([])
})

test('the code has the four root folders of the layout', () => {
  const folders = readdirSync(root).filter(
    (name) =>
      statSync(join(root, name)).isDirectory() &&
      filesBelow(name).length > 0 &&
      !/^(node_modules|dist|data)$/.test(name),
  )
  expect(folders.filter((name) => !['tag', 'server', 'dashboard', 'test', 'docs', 'deploy'].includes(name))).toEqual([])
})
