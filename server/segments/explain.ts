/** Explains why a person is or is not a member: evaluates a condition node by node, with the facts that each rests on. */
import type { Kysely } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import { nextChange, spanAt } from '../domain/spans.ts'
import type { Database } from '../store/schema.ts'
import type { SegmentDefinition } from './definitions.ts'
import { createJudge, verdictOf, wantsOf } from './evaluate.ts'
import { loadFacts } from './facts.ts'
import { readNode } from './grammar.ts'
import type { Fact, Language, SegmentNode } from './nodes/node.ts'
import { localeOf, type Rules } from './rules.ts'

/** The result of one node of a condition for a person. Times are in milliseconds; `since` is null unless the node holds. */
export type ExplainedNode = {
  /** The path in the definition, such as `all.0.cart`. */
  path: string
  holds: boolean
  since: number | null
  /** When it next changes without a new event; null if it does not. */
  changesAt: number | null
  facts: Fact[]
}

/** The result of a condition for a person, and of its nodes, from the whole to the smallest. */
export type Explained = { enteredAt: number | null; leavesAt: number | null; nodes: ExplainedNode[] }

/** The most facts that are listed for a node. */
const MAX_FACTS = 10

/** Evaluates each node of a segment's condition for one person at `now`. Null if there is no such person. */
export async function explain(
  db: Kysely<Database>,
  rules: Rules,
  definition: Pick<SegmentDefinition, 'node' | 'currency'>,
  personId: PersonId,
  { now, language }: { now: number; language: Language },
): Promise<Explained | null> {
  const [facts] = await loadFacts(db, [personId], wantsOf(rules, definition.node))
  if (facts === undefined) return null
  const judge = createJudge(rules, facts, now)
  const locale = localeOf(rules.shop, definition)
  const nodes: ExplainedNode[] = []
  const visit = (node: SegmentNode, prefix: string) => {
    const spans = judge.spansOf(node, locale)
    const path = `${prefix}${Object.keys(node)[0]}`
    const found = readNode(node, (kind, value) => kind.facts?.(value, { ...judge.contextOf(locale), language }) ?? [])
    const { entered } = verdictOf(facts, spans, now)
    nodes.push({
      path,
      ...{ holds: entered !== null, since: entered?.at ?? null, changesAt: nextChange(spans, now) },
      facts: found.filter(({ at }) => at <= now).slice(0, MAX_FACTS),
    })
    const children = readNode(node, (kind, value) => kind.children?.(value) ?? [])
    for (const [i, child] of children.entries()) visit(child, `${path}.${'not' in node ? '' : `${i}.`}`)
  }
  visit(definition.node, '')
  const spans = judge.spansOf(definition.node, locale)
  const { entered } = verdictOf(facts, spans, now)
  const end = spanAt(spans, now)?.to ?? Infinity
  return { enteredAt: entered?.at ?? null, leavesAt: end === Infinity ? null : end, nodes }
}
