/**
 * The nodes of the segment grammar. Each kind of node is a file in this folder that defines its JSON and its meaning, told
 * twice: as SQL over `persons` that says for whom it holds at one moment, and as the spans of time in which it holds for
 * one person. `grammar.ts` lists the kinds.
 *
 * A node is an object with one key, its kind. Each kind's file adds the type of its value to `NodeValues`, so that a kind
 * missing from the list in `grammar.ts` does not compile.
 */
import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { z } from 'zod'
import type { ScoreVersion } from '../../domain/scores/person-scores.ts'
import type { Spans } from '../../domain/spans.ts'
import type { JsonSql } from '../../store/engine/json-sql.ts'
import type { Database } from '../../store/schema.ts'
import type { PersonFacts, Wants } from '../facts.ts'

/** The value type of each kind of node, declared by that kind's file. */
// biome-ignore lint/suspicious/noEmptyInterface: its members are declared beside the code that reads them.
export interface NodeValues {}

/** The name of a kind of node. */
export type Kind = keyof NodeValues

/** One condition on a person. */
export type SegmentNode = { [K in Kind]: { [Only in K]: NodeValues[Only] } }[Kind]

/** Builds expressions over a person's row. */
export type Builder = ExpressionBuilder<Database, 'persons'>

/**
 * What amounts, days and scores in a definition mean: the currency of its money, the zone of the shop's days, and the versions
 * of the parameters of scores, oldest first.
 */
export type Locale = { currency: string; zone: string; scores: readonly ScoreVersion[] }

/** What a kind may use to compile a value to SQL. */
export type SqlContext = Locale & {
  eb: Builder
  now: number
  json: JsonSql
  compile: (node: SegmentNode) => Expression<SqlBool>
}

/** What a kind may use to find the spans of a value. */
export type SpanContext = Locale & {
  facts: PersonFacts
  /** The present: of what recurs for ever, the years around it are listed; a fact that is said to be of the future is not known. */
  now: number
  /** The spans of a node inside it. */
  spans: (node: SegmentNode) => Spans
  /** The spans of another segment, by its id. */
  segment: (id: string) => Spans
}

/** The languages of sentences. */
export type Language = 'fr' | 'en'

/** What a kind may use to word a value. */
export type WordContext = Locale & {
  language: Language
  words: (node: SegmentNode) => string
  /** The name of another segment. */
  segmentName: (id: string) => string
}

/** Something a condition rests on: what it is, when it was, and its id, if it has one. */
export type Fact = { kind: string; at: number; id: string | null; text: string }

/** A kind of node. */
export type NodeKind<K extends Kind> = {
  /** The persons it holds for, as worded in the API reference and docs/segments.md. */
  about: string
  /** The schema of its value. `node` is the schema of any node, for kinds that contain other nodes. */
  schema(node: z.ZodType<SegmentNode>): z.ZodType<NodeValues[K]>
  /** The nodes directly inside it; absent for kinds that contain none. */
  children?(value: NodeValues[K]): SegmentNode[]
  /** The segments that it names; absent for kinds that name none. */
  segments?(value: NodeValues[K]): string[]
  /** The facts that `spans` reads besides the person's row; absent if none. Those of nodes inside it are added. */
  wants?(value: NodeValues[K]): Wants
  /** The condition at the moment `now`. It must agree with `spans` for each person. */
  where(value: NodeValues[K], context: SqlContext): Expression<SqlBool>
  /** When the condition holds for a person, by the facts known now. */
  spans(value: NodeValues[K], context: SpanContext): Spans
  /** What it asks for, as the part of a sentence that follows "persons who" (`les personnes qui`). */
  words(value: NodeValues[K], context: WordContext): string
  /** The latest facts that it rests on, newest first; absent for kinds that only contain nodes. */
  facts?(value: NodeValues[K], context: SpanContext & { language: Language }): Fact[]
}
