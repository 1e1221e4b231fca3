/**
 * The reference page of the tables: each table's entry in the register, its columns as described in its family's file,
 * and its key as the migrations create it.
 */
import { readFileSync } from 'node:fs'
import BetterSqlite3 from 'better-sqlite3'
import { Kysely, SqliteDialect } from 'kysely'
import { migrate } from '../../server/store/migrate.ts'
import type { Database } from '../../server/store/schema.ts'
import type { TableName } from '../../server/store/table-entry.ts'
import { TABLE_NAMES, TABLES } from '../../server/store/tables.ts'

type Described = { about: string; columns: [name: string, type: string, about: string][] }

const inOneLine = (comment: string) => comment.replace(/\s*\n?\s*\*\s?/g, ' ').trim()

/** The first comment of a family's file, and its tables by name. */
function readFamily(family: string): { about: string; tables: Map<string, Described> } {
  const text = readFileSync(new URL(`../../server/store/schema/${family}.ts`, import.meta.url), 'utf8')
  const rows = new Map<string, Described>()
  for (const [, comment, name, base, body] of text.matchAll(
    /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export type (\w+Row) = (?:(\w+Row) & )?\{([\s\S]*?)\}\n/g,
  )) {
    const columns: Described['columns'] = [...(rows.get(base ?? '')?.columns ?? [])]
    for (const [, about, column, type] of (body ?? '').matchAll(
      /(?:\/\*\*([^*]*)\*\/\s*)?(\w+): ((?:[^;\n{]|\{[^}]*\})+)/g,
    )) {
      columns.push([column ?? '', (type ?? '').trim(), inOneLine(about ?? '')])
    }
    rows.set(name ?? '', { about: inOneLine(comment ?? ''), columns })
  }
  const tables = new Map<string, Described>()
  const list = /export type \w+Tables = \{([\s\S]*?)\n\}/.exec(text)?.[1] ?? ''
  for (const [, table, row] of list.matchAll(/(\w+): (\w+Row)/g)) {
    const described = rows.get(row ?? '')
    if (table !== undefined && described !== undefined) tables.set(table, described)
  }
  return { about: inOneLine(/\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? ''), tables }
}

const WORDS: Record<string, string> = {
  deleted: 'deleted when the visitor is next derived',
  derived: 'derived again from the remaining facts',
  departed: 'deleted once the visitor has no events left',
  'worked off': 'deleted when the work is done',
  'proof is over': 'deleted when the proofs of consent expire',
  reference: 'complete on every node',
  local: 'on the coordinator only',
}

const NAMED: Record<string, (value: string) => string> = {
  kept: (why) => `kept: ${why}`,
  special: (what) => what,
  moments: (column) => `on a shared device, rows whose \`${column}\` is an event or claim of the contact`,
  contact: (column) => `rows whose \`${column}\` is the contact`,
  events: (column) => `rows whose \`${column}\` is an expired event`,
  also: (word) => WORDS[word] ?? word,
}

function inWords(rule: string | object): string {
  if (typeof rule === 'string') return WORDS[rule] ?? rule
  return Object.entries(rule)
    .map(([name, value]) => NAMED[name]?.(String(value)) ?? `${name}: ${value}`)
    .join('; ')
}

function endsInWords(table: TableName): string[] {
  const [withdrawal, erasure, expiry] = (['onWithdrawal', 'onErasure', 'onExpiry'] as const).map((field) =>
    inWords(TABLES[table][field]),
  )
  if (withdrawal === erasure && erasure === expiry) return [`- On withdrawal, erasure or expiry: ${withdrawal}`]
  return [`- On withdrawal: ${withdrawal}`, `- On erasure: ${erasure}`, `- On expiry: ${expiry}`]
}

function placeInWords(table: TableName): string {
  const place = TABLES[table].distributedBy
  if (typeof place === 'string') return WORDS[place] ?? place
  return `by \`${place.column}\`${place.group === 'own' ? '' : `, with the tables of the ${place.group}`}`
}

function copiedInWords(table: TableName): string {
  const { copied } = TABLES[table]
  if (typeof copied === 'object') return `yes, except rows whose key begins with \`${copied.exceptPrefix}\``
  return copied === 'last' ? 'yes, after all others' : copied
}

/** The page. */
export async function tablesPage(): Promise<string> {
  const sqlite = new BetterSqlite3(':memory:')
  const store = new Kysely<Database>({ dialect: new SqliteDialect({ database: sqlite }) })
  try {
    await migrate(store)
    const keyOf = (table: string) =>
      sqlite
        .prepare<[string], string>('select name from pragma_table_info(?) where pk > 0 order by pk')
        .pluck()
        .all(table)
    const families = Map.groupBy(TABLE_NAMES, (table) => TABLES[table].family)
    const sections = [...families].map(([family, tables]) => {
      const { about, tables: described } = readFamily(family)
      const parts = tables.map((table) => {
        const own = described.get(table) ?? { about: '', columns: [] }
        const { rebuilt } = TABLES[table]
        return [
          `### ${table}\n`,
          ...(own.about === '' ? [] : [`${own.about}\n`]),
          `- Key: ${keyOf(table)
            .map((column) => `\`${column}\``)
            .join(', ')}`,
          ...endsInWords(table),
          `- Recomputed by a rebuild: ${rebuilt === null ? 'no' : `yes, with the ${rebuilt.of}`}`,
          `- Copied to PostgreSQL: ${copiedInWords(table)}`,
          `- On Citus: ${placeInWords(table)}\n`,
          'Columns:\n',
          ...own.columns.map(([name, type, what]) => `- \`${name}: ${type}\`${what === '' ? '' : `: ${what}`}`),
          '',
        ].join('\n')
      })
      return `## ${family}\n\n${about} (\`server/store/schema/${family}.ts\`)\n\n${parts.join('\n')}`
    })
    return `${HEAD}\n${sections.join('\n')}`
  } finally {
    await store.destroy()
  }
}

const HEAD = `# The tables

This page is generated from the register of tables (\`server/store/tables.ts\`) and the files of their families, and a
test keeps it up to date (\`WRITE_DOCS=1 npm test -- test/unit/tables.test.ts\` rewrites it). Times are milliseconds since
1970 in UTC, a \`Flag\` is 0 or 1, a \`MailFlag\` 1 (given), 0 (refused)
or 2 (unclear), money is in minor units, and \`Json<T>\` is text.

When a contact is erased, visitors that nobody else used are withdrawn first, so the line about withdrawal applies to
their rows; the line about erasure covers everything else.
`
