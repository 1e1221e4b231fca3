/**
 * Compiles a segment's condition to SQL over `persons`, the same on every engine: for questions about everybody, such as
 * how many persons a condition holds for. Memberships are kept by `evaluate`, and agree with it.
 */
import { type Expression, expressionBuilder, type Kysely, type SqlBool } from 'kysely'
import { jsonSql } from '../store/engine/json-sql.ts'
import type { Database } from '../store/schema.ts'
import { readNode } from './grammar.ts'
import type { Builder, Locale, SegmentNode } from './nodes/node.ts'

/** The condition of a node at `now`. */
export function whereOf(db: Kysely<Database>, node: SegmentNode, now: number, locale: Locale): Expression<SqlBool> {
  const eb: Builder = expressionBuilder<Database, 'persons'>()
  const json = jsonSql(db)
  const compile = (each: SegmentNode): Expression<SqlBool> =>
    readNode(each, (kind, value) => kind.where(value, { ...locale, eb, now, json, compile }))
  return compile(node)
}

/** The query for the persons that a condition holds for at `now`. */
export function personsWhere(db: Kysely<Database>, node: SegmentNode, now: number, locale: Locale) {
  return db.selectFrom('persons').where(whereOf(db, node, now, locale))
}
