/**
 * What a node of the segment grammar is made of. Each kind of node is one file of this folder, which says what its JSON
 * looks like, what it means, and which SQL over `persons` it becomes; `grammar.ts` lists the kinds.
 *
 * A node is an object with one key, its kind. The file of a kind adds the type of its value to `NodeValues`, so that a
 * kind that is not in the list of `grammar.ts` does not compile.
 */
import type { AliasableExpression, Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { z } from 'zod'
import type { Database } from '../../store/schema.ts'

/** The value of each kind of node, added to by the file of the kind. */
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

/** What makes a part of a condition come true: an event, time that passes, a link, or an import from the CRM. */
export type Cause = 'event' | 'time' | 'link' | 'import'

/**
 * A compiled condition. `since`: the times at which its parts came true and why; the latest of them is when all of it
 * did. `edges`: the times at which time alone may change it.
 */
export type Compiled = {
  where: Expression<SqlBool>
  since: { at: Time; cause: Cause }[]
  edges: Time[]
}

/** What a kind may need to compile a value. */
export type Context = { eb: Builder; now: number; compile: (node: SegmentNode) => Compiled }

/** A kind of node. */
export type NodeKind<K extends Kind> = {
  /** For which persons it holds, in the words of the API's reference and of docs/segments.md. */
  about: string
  /** The form of its value. `node` is the form of any node, for kinds that hold other nodes. */
  schema(node: z.ZodType<SegmentNode>): z.ZodType<NodeValues[K]>
  /** The nodes directly inside; left out by kinds that hold none. */
  children?(value: NodeValues[K]): SegmentNode[]
  compile(value: NodeValues[K], context: Context): Compiled
}

/** The condition that holds where all of the parts hold. */
export function allOf(eb: Builder, parts: Compiled[]): Compiled {
  return {
    where: eb.and(parts.map((part) => part.where)),
    since: parts.flatMap((part) => part.since),
    edges: parts.flatMap((part) => part.edges),
  }
}
