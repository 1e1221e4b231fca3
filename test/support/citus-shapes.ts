/**
 * Finds query shapes that Citus refuses or gets wrong, without a Citus; PostgreSQL and SQLite accept them all. Works
 * on the nodes that Kysely compiles, so it knows tables and columns. Where Citus allows some of a kind, this is
 * stricter: a query that passes runs on each node separately, or in steps that Citus plans itself.
 *
 * Not seen: whether a column without its table's name belongs to the query outside; and counts of affected rows.
 */
import type { OperationNode } from 'kysely'
import type { Place } from '../../server/store/table-entry.ts'
import { isTable, TABLES } from '../../server/store/tables.ts'

// Nodes are read by the names of their parts; their types differ by kind.
type Node = OperationNode & Record<string, any>

/** Names in a query, and what they stand for: `made` is a CTE or a subquery, which is sent to where it is needed. */
type Scope = Map<string, Place | 'made'>

/** Words that raw SQL must not have, and what is wrong with them. */
const WORDS: [RegExp, string][] = [
  [/\bfor\s+(no\s+key\s+)?update\b|\bfor\s+(key\s+)?share\b|\bskip\s+locked\b/i, 'it locks rows by reading them'],
  [/\blateral\b/i, 'it is lateral'],
  [/\bwith\s+recursive\b/i, 'it is recursive'],
  [/\bmerge\s+into\b/i, 'it merges'],
  [/\bcreate\s+(or\s+replace\s+)?(constraint\s+)?trigger\b/i, 'it makes a trigger'],
  [/\bjoin\b|\bexists\s*\(/i, 'it joins in raw SQL, where nobody sees what'],
]
const CALL = /\w\s*\(|::|\bcurrent_(time|date|timestamp)\b/i

/** Functions that depend only on their arguments, and that Citus accepts in the condition of an upsert. */
const PLAIN_FUNCTIONS = /\bcoalesce\s*\(/gi

/** Throws if Citus would refuse a query. */
export function checkShape(node: OperationNode): void {
  check(node as Node, new Map(), new Map())
}

function refuse(why: string): never {
  throw new Error(`Citus would refuse this query: ${why}`)
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).kind === 'string'
}

/** The nodes right below a node. */
function parts(node: Node): Node[] {
  return Object.values(node)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter(isNode)
}

/** All nodes below a node that meet a condition. */
function below(node: Node, is: (node: Node) => boolean): Node[] {
  return parts(node).flatMap((part) => [...(is(part) ? [part] : []), ...below(part, is)])
}

/** Checks a node and what is below it. `outer`: the names of the queries around it; `ctes`: those of `with`. */
function check(node: Node, outer: Scope, ctes: Scope): void {
  if (node.kind === 'RawNode') checkRaw(node)
  if (node.kind === 'SelectModifierNode' && node.modifier !== 'Distinct') refuse('it locks rows by reading them')
  if (node.kind === 'MergeQueryNode') refuse('it merges')
  if (node.kind === 'BinaryOperationNode' && node.operator.operator === 'not in') checkNotIn(node)
  if (/^(Select|Insert|Update|Delete)QueryNode$/.test(node.kind)) checkQuery(node, outer, ctes)
  else for (const part of parts(node)) check(part, outer, ctes)
}

function checkRaw(node: Node): void {
  const text = node.sqlFragments.join(' ? ')
  for (const [word, why] of WORDS) if (word.test(text)) refuse(why)
  const update = /\bupdate\b.*?\bset\b(.*?)(\bwhere\b|$)/is.exec(text)
  if (update && CALL.test(update[1]!)) refuse('it calls or casts where it sets a column')
}

function checkQuery(node: Node, outer: Scope, above: Scope): void {
  const ctes: Scope = new Map(above)
  if (node.with?.recursive) refuse('it is recursive')
  for (const each of node.with?.expressions ?? []) {
    check(each.expression, new Map(), ctes)
    ctes.set(nameOf(each.name.table), 'made')
  }
  const scope: Scope = new Map()
  const sources: Node[] = [node.into, node.table, ...(node.from?.froms ?? []), ...(node.using?.tables ?? [])]
  for (const source of sources.filter(isNode)) add(scope, source, ctes)
  const equal = equalities(node.where?.where, scope)
  for (const join of node.joins ?? []) checkJoin(join, scope, ctes, equal)
  if ((node.joins ?? []).length === 0 && sources.filter(isNode).length > 1) {
    const [first, ...rest] = [...scope.keys()]
    for (const name of rest) checkPair(name, scope, new Set([first!, ...rest]), equal)
  }
  checkCorrelation(scope, outer, equalities(node.where?.where, new Map([...outer, ...scope])), node)
  if (node.kind === 'InsertQueryNode') checkInsert(node, ctes)
  if (node.kind === 'UpdateQueryNode') checkSets(node.updates ?? [], placeOf(sources.filter(isNode)[0]!, ctes))
  if (node.kind !== 'SelectQueryNode' && node.where) checkCalls(node.where, 'the condition of a change')
  checkNarrow(node, scope)
  const inner: Scope = new Map([...outer, ...scope])
  for (const part of parts(node)) if (part !== node.with) check(part, inner, ctes)
}

function nameOf(table: Node): string {
  return table.table.identifier.name
}

/** The table of a source, without its alias, or null for a subquery. */
function tableOf(source: Node): string | null {
  const node = source.kind === 'AliasNode' ? source.node : source
  return node.kind === 'TableNode' ? nameOf(node) : null
}

function placeOf(source: Node, ctes: Scope): Place | 'made' {
  const table = tableOf(source)
  if (table === null) return 'made'
  return ctes.get(table) ?? (isTable(table) ? TABLES[table].distributedBy : 'local')
}

function add(scope: Scope, source: Node, ctes: Scope): string {
  const name = source.kind === 'AliasNode' ? source.alias.name : tableOf(source)!
  scope.set(name, placeOf(source, ctes))
  return name
}

type Pair = [left: { table: string; column: string }, right: { table: string; column: string }]

/** The pairs of columns that a condition holds equal, whatever else it says. */
function equalities(condition: Node | undefined, scope: Scope): Pair[] {
  if (!condition) return []
  if (condition.kind === 'ParensNode') return equalities(condition.node, scope)
  if (condition.kind === 'AndNode') return [condition.left, condition.right].flatMap((each) => equalities(each, scope))
  if (condition.kind !== 'BinaryOperationNode' || condition.operator.operator !== '=') return []
  const [left, right] = [columnOf(condition.leftOperand, scope), columnOf(condition.rightOperand, scope)]
  return left && right ? [[left, right]] : []
}

function columnOf(node: Node, scope: Scope): { table: string; column: string } | null {
  if (node.kind !== 'ReferenceNode' || node.column.kind !== 'ColumnNode') return null
  const table = node.table ? nameOf(node.table) : scope.size === 1 ? [...scope.keys()][0] : undefined
  return table === undefined ? null : { table, column: node.column.column.name }
}

function checkJoin(join: Node, scope: Scope, ctes: Scope, where: Pair[]): void {
  if (/lateral|apply/i.test(join.joinType)) refuse('it is lateral')
  const before = new Set(scope.keys())
  const name = add(scope, join.table, ctes)
  const inner = join.joinType === 'InnerJoin'
  const on = equalities(join.on?.on, scope)
  const spread = (each: string) => typeof scope.get(each) === 'object'
  if (!inner && [...before].some(spread) !== spread(name) && (join.joinType !== 'LeftJoin' || spread(name))) {
    refuse(`it keeps rows of what is whole on every node that match nothing in the table ${name}, on each node`)
  }
  checkPair(name, scope, before, inner ? [...on, ...where] : on)
}

/** Distributed tables read together must be joined by their distribution columns. */
function checkPair(name: string, scope: Scope, others: Set<string>, equal: Pair[]): void {
  const place = scope.get(name)!
  const rest = [...others].filter((other) => other !== name)
  const spread = rest.filter((other) => typeof scope.get(other) === 'object')
  if (place === 'local' && spread.length > 0) refuse(`it joins ${name}, which is on the coordinator only`)
  if (typeof place !== 'object') return
  if (rest.some((other) => scope.get(other) === 'local'))
    refuse(`it joins ${name} with what is on the coordinator only`)
  if (spread.length > 0 && !spread.some((other) => tied(name, other, scope, equal))) {
    refuse(`it joins ${name} with ${spread.join(', ')}, but not by the columns that spread tables of one group`)
  }
}

function tied(a: string, b: string, scope: Scope, equal: Pair[]): boolean {
  const [left, right] = [scope.get(a) as Exclude<Place, string>, scope.get(b) as Exclude<Place, string>]
  if (left.group !== right.group || left.group === 'own') return false
  const is = (side: Pair[0], table: string, column: string) => side.table === table && side.column === column
  return equal.some(
    ([x, y]) => (is(x, a, left.column) && is(y, b, right.column)) || (is(y, a, left.column) && is(x, b, right.column)),
  )
}

/** A subquery that names a table of the outer query must run next to that table's rows. */
function checkCorrelation(scope: Scope, outer: Scope, equal: Pair[], node: Node): void {
  const named = new Set(
    below(node, (each) => each.kind === 'ReferenceNode' && isNode(each.table)).map((each) => nameOf(each.table)),
  )
  for (const name of named) {
    if (scope.has(name) || typeof outer.get(name) !== 'object') continue
    const all: Scope = new Map([...outer, ...scope])
    for (const [own, place] of scope) {
      if (place === 'reference') continue
      if (typeof place !== 'object' || !tied(own, name, all, equal)) {
        refuse(
          `its subquery of ${own} goes by a row of ${name}, but not by the columns that spread tables of one group`,
        )
      }
    }
  }
}

function checkInsert(node: Node, ctes: Scope): void {
  const [target, place] = [tableOf(node.into)!, placeOf(node.into, ctes)]
  const columns: string[] = (node.columns ?? []).map((column: Node) => column.column.name)
  if (typeof place === 'object' && !columns.includes(place.column))
    refuse(`it inserts into ${target} without ${place.column}`)
  const conflict = node.onConflict as Node | undefined
  if (conflict) {
    const on = (conflict.columns ?? []).map((column: Node) => column.column.name)
    if (typeof place === 'object' && on.length > 0 && !on.includes(place.column)) {
      refuse(`a conflict in ${target} is looked for without ${place.column}`)
    }
    checkSets(conflict.updates ?? [], place)
    if (conflict.updateWhere) checkCalls(conflict.updateWhere, 'the condition of an upsert')
  }
  const select = node.values as Node | undefined
  if (select?.kind !== 'SelectQueryNode' || typeof place !== 'object' || !(conflict || node.returning)) return
  const scope: Scope = new Map()
  for (const from of select.from?.froms ?? []) add(scope, from, ctes)
  const from = [...scope.values()][0]
  const chosen = select.selections?.[columns.indexOf(place.column)]?.selection as Node | undefined
  const column = chosen && columnOf(chosen, scope)?.column
  const aligned = typeof from === 'object' && from.group === place.group && column === from.column
  if (!aligned) refuse(`it upserts into ${target} from a query whose rows lie elsewhere`)
}

function checkSets(updates: Node[], place: Place | 'made'): void {
  for (const update of updates) {
    const column = update.column.kind === 'ColumnNode' ? update.column.column.name : update.column.column?.column?.name
    if (typeof place === 'object' && column === place.column) refuse(`it changes ${column}, which spreads the table`)
    if (below(update, (each) => each.kind === 'SelectQueryNode').length > 0) refuse('it sets a column to a subquery')
    checkCalls(update, 'what it sets')
  }
}

const CALLS = /^(Function|AggregateFunction|Cast)Node$/

function checkCalls(node: Node, where: string): void {
  // A subquery is a reading of its own.
  const found = (each: Node): Node[] =>
    each.kind === 'SelectQueryNode' ? [] : [...(isCall(each, where) ? [each] : []), ...parts(each).flatMap(found)]
  if (found(node).length > 0) refuse(`it calls or casts in ${where}`)
}

function isCall(node: Node, where: string): boolean {
  if (node.kind === 'FunctionNode' && node.func === 'coalesce' && where !== 'what it sets') return false
  if (node.kind !== 'RawNode') return CALLS.test(node.kind)
  const text: string = node.sqlFragments.join(' ? ')
  return CALL.test(where === 'what it sets' ? text : text.replaceAll(PLAIN_FUNCTIONS, '').replaceAll(/<\s*\(/g, ''))
}

/** `not in` a list with a null finds nothing, so the subquery must exclude nulls. */
function checkNotIn(node: Node): void {
  const query: Node = node.rightOperand.kind === 'ParensNode' ? node.rightOperand.node : node.rightOperand
  if (query.kind !== 'SelectQueryNode') return
  const name = (each: Node | undefined) => (each?.kind === 'ReferenceNode' ? each.column.column?.name : undefined)
  const selected = name(query.selections?.[0]?.selection)
  const from = query.from?.froms?.[0]
  const place = from ? placeOf(from, new Map()) : 'made'
  if (typeof place === 'object' && place.column === selected) return
  const guarded = below(
    query,
    (each) =>
      each.kind === 'BinaryOperationNode' && each.operator.operator === 'is not' && name(each.leftOperand) === selected,
  )
  if (selected === undefined || guarded.length === 0) refuse('its `not in` may meet a null')
}

/** Events are the largest table: a query by anything but visitors reads every node. */
function checkNarrow(node: Node, scope: Scope): void {
  if (node.kind === 'InsertQueryNode' || scope.size !== 1) return
  const source = node.from?.froms?.[0] ?? node.table
  if (!source || tableOf(source) !== 'events') return
  const selected = (node.selections ?? []).map((each: Node) => each.selection.column?.column?.name)
  if (node.kind === 'SelectQueryNode' && selected.length === 1 && selected[0] === 'visitor_id') return
  if (!names(node.where?.where, 'visitor_id')) refuse('it looks for events without naming visitors')
}

function names(condition: Node | undefined, column: string): boolean {
  if (!condition) return false
  if (condition.kind === 'ParensNode') return names(condition.node, column)
  if (condition.kind === 'AndNode') return names(condition.left, column) || names(condition.right, column)
  if (condition.kind === 'OrNode') return names(condition.left, column) && names(condition.right, column)
  return condition.kind === 'BinaryOperationNode' && condition.leftOperand.column?.column?.name === column
}
