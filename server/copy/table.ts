/**
 * Copies one table from SQLite to PostgreSQL: reads both in key order, a range of keys at a time, and makes the target
 * equal to the source by inserting, updating and deleting rows. So the same walk copies, catches up and compares. It can
 * be interrupted at any point, and resumes after the last noted key.
 *
 * Both engines sort texts by their bytes. Rows are compared as JSON arrays of their columns (`canonicalOf`).
 */

import { type Kysely, type RawBuilder, sql } from 'kysely'
import { itemAt } from '../domain/lookup.ts'
import type { Database } from '../store/schema.ts'
import type { TableEntry, TableName } from '../store/table-entry.ts'
import { isTable, TABLES } from '../store/tables.ts'

/** A table of the source. `copied` says which of its rows are copied, and when (`store/tables`). */
export type Table = {
  name: string
  columns: string[]
  key: string[]
  copied: TableEntry<TableName>['copied']
}

/** The values of a row's key, in order. */
export type Key = (string | number)[]

type Row = Record<string, string | number | null>
/** The keys after one, up to and including another. Null means from the beginning or to the end. */
type Range = { after: Key | null; upTo: Key | null }

/** A page has as many rows as fit in about this many bytes, so that rows of any size need little memory. */
const PAGE_BYTES = 4_000_000
const PAGE_ROWS = { first: 500, min: 20, max: 5000 }

/** All tables of a SQLite store that are copied. Those marked `last` come last. */
export async function tablesOf(source: Kysely<Database>): Promise<Table[]> {
  const { rows } = await sql<{ table: string; column: string; pk: number }>`
    select m.name as "table", c.name as "column", c.pk as pk
    from sqlite_master m join pragma_table_info(m.name) c
    where m.type = 'table' and m.name not like 'sqlite%' and m.name not like 'kysely%'
    order by m.name, c.cid`.execute(source)
  return [...Map.groupBy(rows, (row) => row.table)]
    .map(([name, columns]) => ({
      name,
      copied: howCopied(name),
      columns: columns.map(({ column }) => column),
      key: columns
        .filter(({ pk }) => pk > 0)
        .sort((a, b) => a.pk - b.pk)
        .map(({ column }) => column),
    }))
    .filter(({ copied }) => copied !== 'no')
    .sort((a, b) => Number(a.copied === 'last') - Number(b.copied === 'last'))
}

function howCopied(name: string): Table['copied'] {
  if (!isTable(name)) throw new Error(`the source has a table ${name}, which this version does not know`)
  return TABLES[name].copied
}

/** How many rows of a table are copied. */
export async function countRows(db: Kysely<Database>, table: Table): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from ${sql.table(table.name)} where ${belongs(table)}`.execute(db)
  return itemAt(rows, 0).n
}

/** A row that still differs after it was written. */
export type Different = { table: string; key: Key }

/** A range that was walked: its last key (null: the end of the table), the source's rows in it, and the rows written. */
export type Walked = { at: Key | null; rows: number; written: number }

/** What a walk needs. `write` runs the change that makes a range equal (null if it already is), and may note the progress. */
export type Walk = {
  source: Kysely<Database>
  target: Kysely<Database>
  table: Table
  after: Key | null
  write: (walked: Walked, change: ((target: Kysely<Database>) => Promise<void>) | null) => Promise<void>
  /** Called after each range with the rows of both sides, as texts, and the number of rows written. */
  onRange: (rows: { source: string[]; target: string[] }, written: number) => void
}

/** Makes the target's rows equal to the source's. Returns the first row that still differs afterwards. */
export async function walkTable(walk: Walk): Promise<Different | null> {
  const { source, target, table } = walk
  let size = PAGE_ROWS.first
  let first: Different | null = null
  for (let after = walk.after; ; ) {
    const there = await readRows(source, table, { after, upTo: null }, size)
    const here = await readRows(target, table, { after, upTo: null }, size)
    const upTo = endOf(table, [there, here], size)
    const wanted = canonicalOf(table, cutAt(table, there, upTo))
    let found = canonicalOf(table, cutAt(table, here, upTo))
    const change = differenceOf(table, wanted, found)
    const written = change.put.length + change.gone.length
    const walked = { at: upTo, rows: wanted.size, written }
    if (written === 0) await walk.write(walked, null)
    else {
      await walk.write(walked, (trx) => apply(trx, table, change))
      found = canonicalOf(table, await readRows(target, table, { after, upTo }, null))
      const left = differenceOf(table, wanted, found)
      const row = left.put[0] ?? left.gone[0]
      if (row) first ??= { table: table.name, key: keyOf(table, row) }
    }
    walk.onRange({ source: [...wanted.keys()], target: [...found.keys()] }, written)
    if (upTo === null) return first
    after = upTo
    let bytes = 1
    for (const text of wanted.keys()) bytes += text.length
    const fitting = Math.floor((PAGE_BYTES * Math.max(1, wanted.size)) / bytes)
    size = Math.max(PAGE_ROWS.min, Math.min(PAGE_ROWS.max, fitting))
  }
}

/** The condition for the rows of a table that are copied. */
function belongs({ copied, key }: Table): RawBuilder<unknown> {
  if (typeof copied === 'string') return sql`1 = 1`
  const { exceptPrefix: prefix } = copied
  return sql`substr(${sql.join(key.map((name) => sql.ref(name)))}, 1, ${sql.lit(prefix.length)}) <> ${prefix}`
}

async function readRows(
  db: Kysely<Database>,
  table: Table,
  { after, upTo }: Range,
  limit: number | null,
): Promise<Row[]> {
  const key = sql.join(table.key.map((name) => sql.ref(name)))
  const conditions = [
    belongs(table),
    ...(after === null ? [] : [sql`(${key}) > (${sql.join(after)})`]),
    ...(upTo === null ? [] : [sql`(${key}) <= (${sql.join(upTo)})`]),
  ]
  const { rows } = await sql<Row>`
    select ${sql.join(table.columns.map((name) => sql.ref(name)))} from ${sql.table(table.name)}
    where ${sql.join(conditions, sql` and `)} order by ${key}
    ${limit === null ? sql`` : sql`limit ${limit}`}`.execute(db)
  return rows
}

/** The last key up to which both pages are complete; null if both reach the end. */
function endOf(table: Table, pages: Row[][], size: number): Key | null {
  const ends = pages.flatMap((rows) => {
    const last = rows.at(-1)
    return last === undefined || rows.length < size ? [] : [keyOf(table, last)]
  })
  return ends.sort(compareKeys)[0] ?? null
}

function cutAt(table: Table, rows: Row[], upTo: Key | null): Row[] {
  let end = rows.length
  while (upTo !== null && end > 0 && compareKeys(keyOf(table, itemAt(rows, end - 1)), upTo) > 0) end--
  return rows.slice(0, end)
}

function keyOf(table: Table, row: Row): Key {
  return table.key.map((name) => {
    const value = row[name]
    if (value === undefined || value === null)
      throw new Error(`${table.name} has a row without a ${name}, which is in its key`)
    return value
  })
}

/** Compares keys in the sort order of both engines. */
function compareKeys(a: Key, b: Key): number {
  for (const [i, own] of a.entries()) {
    const other = itemAt(b, i)
    if (own === other) continue
    if (typeof own === 'number' && typeof other === 'number') return own - other
    return Buffer.compare(Buffer.from(String(own)), Buffer.from(String(other)))
  }
  return 0
}

/** Rows by their canonical text. NUL, which PostgreSQL cannot store, is replaced, as the store does. */
function canonicalOf(table: Table, rows: Row[]): Map<string, Row> {
  const texts = new Map<string, Row>()
  for (const row of rows) {
    const text = JSON.stringify(table.columns.map((name) => row[name]))
    if (!text.includes('\\u0000')) texts.set(text, row)
    else {
      const clean = withoutNul(table, row)
      texts.set(JSON.stringify(table.columns.map((name) => clean[name])), clean)
    }
  }
  return texts
}

function withoutNul(table: Table, row: Row): Row {
  if (keyOf(table, row).some((value) => typeof value === 'string' && value.includes('\0'))) {
    throw new Error(`${table.name} has a row with a NUL in its key, which PostgreSQL cannot store; delete that row`)
  }
  const values = Object.entries(row).map(([name, value]) => [
    name,
    typeof value === 'string' ? value.replaceAll('\0', '\uFFFD') : value,
  ])
  return Object.fromEntries(values) as Row
}

type Change = { put: Row[]; gone: Row[] }

/** The rows to put and to delete, in key order, so that `found` becomes `wanted`. */
function differenceOf(table: Table, wanted: Map<string, Row>, found: Map<string, Row>): Change {
  const put = [...wanted].filter(([text]) => !found.has(text)).map(([, row]) => row)
  const kept = new Set(put.map((row) => JSON.stringify(keyOf(table, row))))
  const gone = [...found]
    .filter(([text, row]) => !wanted.has(text) && !kept.has(JSON.stringify(keyOf(table, row))))
    .map(([, row]) => row)
  return { put, gone }
}

/** Applies a change in at most two statements, each with a single parameter however many rows there are. */
async function apply(target: Kysely<Database>, { name, columns, key }: Table, { put, gone }: Change): Promise<void> {
  const names = (list: string[]) => sql.join(list.map((each) => sql.ref(each)))
  const rowsOf = (rows: Row[]) => sql`json_populate_recordset(null::${sql.table(name)}, ${JSON.stringify(rows)}::json)`
  if (gone.length > 0) {
    await sql`delete from ${sql.table(name)} where (${names(key)}) in (select ${names(key)} from ${rowsOf(gone)})`.execute(
      target,
    )
  }
  if (put.length > 0) {
    const rest = columns.filter((column) => !key.includes(column))
    const set = rest.map((column) => sql`${sql.ref(column)} = ${sql.ref(`excluded.${column}`)}`)
    await sql`
      insert into ${sql.table(name)} (${names(columns)}) select ${names(columns)} from ${rowsOf(put)}
      on conflict (${names(key)}) do ${rest.length === 0 ? sql`nothing` : sql`update set ${sql.join(set)}`}`.execute(
      target,
    )
  }
}
