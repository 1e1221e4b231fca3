/**
 * Named values in `meta`. JSON values may have been written by another version, so they are checked when they are read.
 */
import type { Kysely } from 'kysely'
import type { Database } from './schema.ts'

/** Checks whether a value read from JSON has the expected type. */
export type Check<T> = (value: unknown) => value is T

/** A value as text, or null. */
export async function readMeta(db: Kysely<Database>, name: string): Promise<string | null> {
  const row = await db.selectFrom('meta').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value ?? null
}

/** Sets a value. */
export async function writeMeta(db: Kysely<Database>, name: string, value: string): Promise<void> {
  await db
    .insertInto('meta')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute()
}

/** A JSON value, or null. Throws if it fails its check. */
export async function readMetaJson<T>(db: Kysely<Database>, name: string, check: Check<T>): Promise<T | null> {
  const text = await readMeta(db, name)
  return text === null ? null : parseMeta(name, text, check)
}

/** The JSON values whose names begin with a prefix, by the rest of the name. */
export async function readMetaMap<T>(db: Kysely<Database>, prefix: string, check: Check<T>): Promise<Map<string, T>> {
  const rows = await db.selectFrom('meta').selectAll().where('name', 'like', `${prefix}%`).execute()
  return new Map(rows.map(({ name, value }) => [name.slice(prefix.length), parseMeta(name, value, check)]))
}

function parseMeta<T>(name: string, text: string, check: Check<T>): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(`meta "${name}" must be JSON (got ${text.slice(0, 80)})`)
  }
  if (!check(value)) throw new Error(`meta "${name}" is not what this version writes (got ${text.slice(0, 80)})`)
  return value
}

/** Whether a value is an object whose members all pass their checks. */
export function isObjectOf<T extends object>(members: { [K in keyof T]: (value: unknown) => boolean }): Check<T> {
  return (value): value is T =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries<(value: unknown) => boolean>(members).every(([name, check]) => check(Reflect.get(value, name)))
}

/** Whether a value is text. */
export const isText: Check<string> = (value) => typeof value === 'string'

/** Whether a value is a number. */
export const isNumber: Check<number> = (value) => typeof value === 'number'

/** Whether a value is a list whose elements all pass a check. */
export function isListOf<T>(check: Check<T>): Check<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.every(check)
}
