/**
 * Gives the attributes of contacts their one name and type before they are written, whichever way they come, and changes
 * the type of an attribute. A value that does not fit its type is kept as it came.
 */
import type { Kysely, Transaction } from 'kysely'
import {
  type AttributeType,
  foldedName,
  isOfType,
  typeOfValues,
  valueAs,
  type Writing,
  writingOf,
} from '../domain/attribute.ts'
import {
  addAttributes,
  contactAttributes,
  findAttributes,
  listAttributes,
  noteAttributes,
  rewriteAttributes,
  setAttributeType,
} from '../store/attributes.ts'
import type { ContactPatch } from '../store/contact-patch.ts'
import { transact } from '../store/engine/transact.ts'
import type { AttributeRow } from '../store/schema/contacts.ts'
import type { Database } from '../store/schema.ts'
import { lockName } from '../store/work/locks.ts'
import type { ReportedColumn } from './columns.ts'
import { hasWord, plain } from './heading.ts'
import { TEXT_WORDS } from './headings.ts'
import { attributeTypeOf, type KnownAttributes } from './types.ts'

const UNTOLD: Writing = { order: null, mark: null }

/** All attributes that are known. */
export async function knownAttributes(db: Kysely<Database>): Promise<KnownAttributes> {
  return new Map((await listAttributes(db)).map((row) => [row.name_key, row]))
}

/** The types of a file's attributes, by their folded names. */
export function typesOfColumns(columns: readonly ReportedColumn[]): Map<string, AttributeType> {
  return new Map(
    columns.flatMap(({ field, type }) =>
      field?.startsWith('attributes.')
        ? [[foldedName(field.slice('attributes.'.length)), attributeTypeOf(type)] as const]
        : [],
    ),
  )
}

/** How attributes come: `hints` are the types of a file's columns, `importId` is its import. */
export type Coming = { hints: ReadonlyMap<string, AttributeType>; importId: string | null; now: number }

/** Contacts with their attributes under their one name and in their one type. New attributes are added. */
export async function fitAttributes(
  trx: Transaction<Database>,
  patches: ContactPatch[],
  { hints, importId, now }: Coming,
): Promise<ContactPatch[]> {
  const values = new Map<string, { name: string; values: unknown[] }>()
  // The spellings of a batch are few, and folding them takes time.
  const keys = new Map<string, string>()
  for (const { attributes } of patches) {
    for (const [name, value] of Object.entries(attributes ?? {})) {
      const key = keys.get(name) ?? foldedName(name)
      keys.set(name, key)
      const known = values.get(key) ?? { name, values: [] }
      values.set(key, known)
      known.values.push(value)
    }
  }
  if (values.size === 0) return patches
  let known = await findAttributes(trx, [...values.keys()])
  const added = [...values].flatMap(([key, each]): AttributeRow[] => {
    const type = known.has(key) ? null : typeOfPush(each)
    if (type === null) return []
    return [
      { name_key: key, name: each.name, type: hints.get(key) ?? type, set_by: 'evidence', at: now, import_id: null },
    ]
  })
  if (added.length > 0) {
    await addAttributes(trx, added)
    known = await findAttributes(trx, [...values.keys()])
  }
  if (importId !== null) {
    const others = [...known.values()].filter((row) => row.import_id !== importId)
    await noteAttributes(
      trx,
      others.map((row) => row.name_key),
      importId,
    )
  }
  const rows = new Map([...keys].map(([name, key]) => [name, known.get(key)] as const))
  return patches.map((patch) =>
    patch.attributes === undefined ? patch : { ...patch, attributes: fitted(patch, rows) },
  )
}

/** Codes such as postcodes are texts, even if some of them are pushed as numbers. */
function typeOfPush({ name, values }: { name: string; values: unknown[] }): AttributeType | null {
  const isCode = hasWord(plain(name), TEXT_WORDS) && values.some((value) => typeof value === 'string')
  return isCode
    ? typeOfValues(values.map((value) => (typeof value === 'number' ? String(value) : value)))
    : typeOfValues(values)
}

function fitted(
  { attributes }: ContactPatch,
  rows: ReadonlyMap<string, AttributeRow | undefined>,
): Record<string, unknown> {
  const entries = Object.entries(attributes ?? {}).map(([name, value]) => {
    const row = rows.get(name)
    if (row === undefined) return [name, value] as const
    return [row.name, value === null ? null : valueAs(value, row.type, UNTOLD)] as const
  })
  return Object.fromEntries(entries)
}

/** An attribute as its list shows it. */
export type ListedAttribute = AttributeRow & { count: number; unfit: number; examples: string[] }

/** Values of an attribute that are told apart in a list. */
const MAX_VALUES = 200

/** A value that fewer contacts have may tell who they are. */
const SHARED_BY = 3

const EXAMPLES = 3

/** All attributes with how many contacts have them, and examples: those that several contacts share, others masked. */
export async function describeAttributes(db: Kysely<Database>, rows: AttributeRow[]): Promise<ListedAttribute[]> {
  const found = new Map(
    rows.map((row) => [row.name_key, { row, count: 0, unfit: 0, values: new Map<string, number>() }]),
  )
  for await (const page of contactAttributes(db)) {
    for (const { attributes } of page) {
      for (const [name, value] of Object.entries(attributes)) {
        const entry = found.get(foldedName(name))
        if (entry === undefined) continue
        entry.count++
        if (!isOfType(value, entry.row.type)) entry.unfit++
        const text = (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 100)
        const times = entry.values.get(text)
        if (times !== undefined || entry.values.size < MAX_VALUES) entry.values.set(text, (times ?? 0) + 1)
      }
    }
  }
  return [...found.values()].map(({ row, count, unfit, values }) => {
    const often = [...values].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, EXAMPLES)
    const examples = often.map(([text, times]) => (times >= SHARED_BY ? text : masked(text)))
    return { ...row, count, unfit, examples: [...new Set(examples)] }
  })
}

/** The first character of a value that may tell who a contact is. */
function masked(text: string): string {
  return `${[...text][0] ?? ''}…`
}

/** So many texts tell how an attribute writes days and decimals. */
const SAMPLE = 10_000

const BATCH = 500

/**
 * Gives an attribute a type, and reads its values again. Returns how many contacts have it, and of how many the value does
 * not fit and stays as it is. Null if there is no such attribute.
 */
export async function changeAttributeType(
  db: Kysely<Database>,
  name: string,
  type: AttributeType,
  now: number,
): Promise<{ row: AttributeRow; count: number; changed: number; unfit: number } | null> {
  const key = foldedName(name)
  const row = (await findAttributes(db, [key])).get(key)
  if (row === undefined) return null
  const texts: string[] = []
  for await (const page of contactAttributes(db)) {
    for (const { attributes } of page) {
      for (const [other, value] of Object.entries(attributes)) {
        if (typeof value === 'string' && texts.length < SAMPLE && foldedName(other) === key) texts.push(value)
      }
    }
    if (texts.length >= SAMPLE) break
  }
  const writing = writingOf(texts)
  await setAttributeType(db, key, type, now)
  const counts = { count: 0, changed: 0, unfit: 0 }
  for await (const page of contactAttributes(db)) {
    const having = page.filter(({ attributes }) => Object.keys(attributes).some((other) => foldedName(other) === key))
    for (let i = 0; i < having.length; i += BATCH) {
      const ids = having.slice(i, i + BATCH).map(({ id }) => id)
      await transact(db, async (trx) => {
        await lockName(trx, 'contacts')
        await rewriteAttributes(trx, ids, (attributes) => {
          const entries = Object.entries(attributes).map(([other, value]) => {
            if (foldedName(other) !== key) return [other, value] as const
            const next = valueAs(value, type, writing)
            counts.count++
            if (next !== value) counts.changed++
            if (!isOfType(next, type)) counts.unfit++
            return [row.name, next] as const
          })
          return Object.fromEntries(entries)
        })
      })
    }
  }
  return { row: { ...row, type, set_by: 'operator', at: now }, ...counts }
}
