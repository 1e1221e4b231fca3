/** Attributes have one type each. Those that contacts have already take the type that all of their values have. */
import { type Kysely, sql } from 'kysely'
import { textType } from './text-type.ts'

const PAGE = 5000
const MAX_ATTRIBUTES = 5000

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = textType(db)
  await db.schema
    .createTable('attributes')
    .addColumn('name_key', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('type', text, (column) => column.notNull())
    .addColumn('set_by', text, (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('import_id', text)
    .addPrimaryKeyConstraint('attributes_pk', ['name_key'])
    .execute()
  const found = new Map<string, { name: string; types: Set<string> }>()
  let after = ''
  for (;;) {
    const { rows } = await sql<{ contact_id: string; attributes: string }>`
      select contact_id, attributes from contacts where contact_id > ${after} order by contact_id limit ${sql.lit(PAGE)}
    `.execute(db)
    const last = rows.at(-1)
    if (last === undefined) break
    after = last.contact_id
    for (const row of rows) {
      for (const [name, value] of Object.entries(JSON.parse(row.attributes) as Record<string, unknown>)) {
        const key = keyOf(name)
        const known = found.get(key) ?? { name, types: new Set<string>() }
        if (found.size < MAX_ATTRIBUTES) found.set(key, known)
        known.types.add(typeOf(value))
      }
    }
  }
  for (const [key, { name, types }] of found) {
    const [only, another] = types
    const type = only !== undefined && another === undefined ? only : 'text'
    await sql`
      insert into attributes (name_key, name, type, set_by, at) values (${key}, ${name}, ${type}, 'evidence', 0)
    `.execute(db)
  }
}

function keyOf(name: string): string {
  return name.slice(0, 200).normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/ß/g, 'ss')
}

function typeOf(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return typeof value
  if (Array.isArray(value)) return 'list'
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}(T|$)/.test(value) ? 'date' : 'text'
}
