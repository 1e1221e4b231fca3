/**
 * The nodes of the segment grammar. Each kind of node is a file in this folder that defines its JSON, its meaning, and the
 * SQL over `persons` that it compiles to; `grammar.ts` lists the kinds.
 *
 * A node is an object with one key, its kind. Each kind's file adds the type of its value to `NodeValues`, so that a kind
 * missing from the list in `grammar.ts` does not compile.
 */
import type { AliasableExpression, Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { z } from 'zod'
import type { Database } from '../../store/schema.ts'

/** The value type of each kind of node, declared by that kind's file. */
// biome-ignore lint/suspicious/noEmptyInterface: its members are declared beside the code that reads them.
export interface NodeValues {}

/** The name of a kind of node. */
export type Kind = keyof NodeValues

/** One condition on a person. */
export type SegmentNode = { [K in Kind]: { [Only in K]: NodeValues[Only] } }[Kind]

/** Builds expressions over a person's row. */
export type Builder = ExpressionBuilder<Database, 'persons'>

/** A time in a person's row, in milliseconds, or an expression that yields one. */
export type Time = AliasableExpression<number | null>

/** What makes a part of a condition true: an event, the passage of time, a link, or an import from the CRM. */
export type Cause = 'event' | 'time' | 'link' | 'import'

/**
 * A compiled condition. `since` holds when each part became true, and why; the whole condition became true at the latest of
 * these times. `edges` are the times at which it may change without a new event.
 */
export type Compiled = {
  where: Expression<SqlBool>
  since: { at: Time; cause: Cause }[]
  edges: Time[]
}

/** What a kind may use to compile a value. */
export type Context = { eb: Builder; now: number; compile: (node: SegmentNode) => Compiled }

/** A kind of node. */
export type NodeKind<K extends Kind> = {
  /** The persons it holds for, as worded in the API reference and docs/segments.md. */
  about: string
  /** The schema of its value. `node` is the schema of any node, for kinds that contain other nodes. */
  schema(node: z.ZodType<SegmentNode>): z.ZodType<NodeValues[K]>
  /** The nodes directly inside it; absent for kinds that contain none. */
  children?(value: NodeValues[K]): SegmentNode[]
  compile(value: NodeValues[K], context: Context): Compiled
}

/** The condition that holds if all parts hold. */
export function allOf(eb: Builder, parts: Compiled[]): Compiled {
  return {
    where: eb.and(parts.map((part) => part.where)),
    since: parts.flatMap((part) => part.since),
    edges: parts.flatMap((part) => part.edges),
  }
}
