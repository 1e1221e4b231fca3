/** Reading JSON columns in SQL: the one thing that conditions on persons need and the engines write differently. */
import { type Expression, type Kysely, PostgresAdapter, type RawBuilder, sql } from 'kysely'
import type { Database } from '../schema.ts'

type Column = Expression<string | null>

/**
 * Expressions over JSON columns, which hold text. A member of another type than the one that is read counts as missing,
 * and so does a missing one. Names may be anything.
 */
export type JsonSql = {
  text(column: Column, name: string): RawBuilder<string | null>
  number(column: Column, name: string): RawBuilder<number | null>
  flag(column: Column, name: string): RawBuilder<boolean | null>
  /** A JSON array or object inside the column, as a column of its own. */
  inside(column: Column, name: string): RawBuilder<string | null>
  /** The elements of an array, for `from`: `alias.value` is an element. None if it is no array. */
  elements(column: Column, alias: string): RawBuilder<unknown>
  /** A text in an array whose elements are `alias`. */
  textOf(alias: string): RawBuilder<string | null>
  /** A number in an array whose elements are `alias`. */
  numberOf(alias: string): RawBuilder<number | null>
  /** An object in an array whose elements are `alias`, as a column. */
  objectOf(alias: string): RawBuilder<string | null>
  /** How many numbers of an array lie above one limit and not above the other; 0 if there is no array. */
  countBetween(column: Column, above: Expression<number>, upTo: Expression<number>): RawBuilder<number>
}

const SQLITE: JsonSql = {
  text: (column, name) => member(column, name, sql`'text'`),
  number: (column, name) => member(column, name, sql`'integer', 'real'`),
  flag: (column, name) => sql`(${member(column, name, sql`'true', 'false'`)} = 1)`,
  inside: (column, name) => member(column, name, sql`'array', 'object'`),
  elements: (column, alias) =>
    sql`json_each(case when json_type(${column}) = 'array' then ${column} else '[]' end) as ${sql.ref(alias)}`,
  textOf: (alias) => sql`case when ${sql.ref(`${alias}.type`)} = 'text' then ${sql.ref(`${alias}.value`)} end`,
  numberOf: (alias) =>
    sql`case when ${sql.ref(`${alias}.type`)} in ('integer', 'real') then ${sql.ref(`${alias}.value`)} end`,
  objectOf: (alias) => sql`case when ${sql.ref(`${alias}.type`)} = 'object' then ${sql.ref(`${alias}.value`)} end`,
  countBetween: (column, above, upTo) =>
    sql`(select count(*) from json_each(coalesce(${column}, '[]')) where value > ${above} and value <= ${upTo})`,
}

/** A member of an object, if it has one of these types. */
function member<T>(column: Column, name: string, types: RawBuilder<unknown>): RawBuilder<T> {
  const path = `$.${JSON.stringify(name)}`
  return sql`case when json_type(${column}, ${path}) in (${types}) then json_extract(${column}, ${path}) end`
}

const POSTGRES: JsonSql = {
  text: (column, name) => typed(column, name, 'string', sql`text`),
  number: (column, name) => typed(column, name, 'number', sql`double precision`),
  flag: (column, name) => typed(column, name, 'boolean', sql`boolean`),
  inside: (column, name) => sql`((${column})::jsonb -> ${name}::text)::text`,
  elements: (column, alias) =>
    sql`jsonb_array_elements(case when jsonb_typeof((${column})::jsonb) = 'array' then (${column})::jsonb else '[]'::jsonb end) as ${sql.ref(alias)}(value)`,
  textOf: (alias) => element(alias, 'string', sql`text`),
  numberOf: (alias) => element(alias, 'number', sql`double precision`),
  objectOf: (alias) =>
    sql`case when jsonb_typeof(${sql.ref(`${alias}.value`)}) = 'object' then ${sql.ref(`${alias}.value`)}::text end`,
  countBetween: (column, above, upTo) =>
    sql`jsonb_array_length(jsonb_path_query_array(coalesce(${column}, '[]')::jsonb, '$[*] ? (@ > $above && @ <= $upto)', jsonb_build_object('above', ${above}, 'upto', ${upTo})))`,
}

/** A member of an object, if it has this type. */
function typed<T>(column: Column, name: string, json: string, type: RawBuilder<unknown>): RawBuilder<T> {
  const value = sql`(${column})::jsonb -> ${name}::text`
  return sql`case when jsonb_typeof(${value}) = ${sql.lit(json)} then ((${column})::jsonb ->> ${name}::text)::${type} end`
}

/** An element of an array, if it has this type. */
function element<T>(alias: string, json: string, type: RawBuilder<unknown>): RawBuilder<T> {
  const value = sql.ref(`${alias}.value`)
  return sql`case when jsonb_typeof(${value}) = ${sql.lit(json)} then (${value} #>> '{}')::${type} end`
}

/** The expressions for the engine of a store. */
export function jsonSql(db: Kysely<Database>): JsonSql {
  return db.getExecutor().adapter instanceof PostgresAdapter ? POSTGRES : SQLITE
}
