/**
 * Evaluates segments for persons: from each person's facts, when the condition holds. Membership, the time of entry and the
 * next edge follow from these spans, so they depend on the facts and the time only, not on when somebody looked.
 */
import type { Kysely } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import { type Cause, lastBefore, NEVER, nextChange, type Spans, spanAt } from '../domain/spans.ts'
import type { Database } from '../store/schema.ts'
import { allWants, loadFacts, type PersonFacts, type Wants } from './facts.ts'
import { readNode } from './grammar.ts'
import type { Locale, SegmentNode, SpanContext } from './nodes/node.ts'
import { localeOf, type Rules } from './rules.ts'

/** Something that happened to a membership: when, and what made it so. */
export type Moment = { at: number; cause: Cause }

/**
 * A segment's condition for one person at one time. `entered`: since when it holds, null unless it holds now. `left`: when
 * it last ceased to hold, null if it never did. `edge`: the next time at which it changes by itself, or null.
 */
export type Verdict = { personId: PersonId; entered: Moment | null; left: Moment | null; edge: number | null }

/** What a condition wants, with all nodes inside it and all segments that it names. */
export function wantsOf({ definitions }: Rules, node: SegmentNode): Wants {
  const seen = new Set<string>()
  const collect = (each: SegmentNode): Wants[] =>
    readNode(each, (kind, value) => {
      const named = (kind.segments?.(value) ?? []).filter((id) => !seen.has(id))
      for (const id of named) seen.add(id)
      const inside = [...(kind.children?.(value) ?? []), ...named.flatMap((id) => definitions.get(id)?.node ?? [])]
      return [kind.wants?.(value) ?? {}, ...inside.flatMap(collect)]
    })
  return allWants(collect(node))
}

/** Finds the spans of conditions for one person as of `now`. Each segment that is named is evaluated once. */
export function createJudge({ definitions, shop }: Rules, facts: PersonFacts, now: number) {
  const known = new Map<string, Spans>()
  const contextOf = (locale: Locale): SpanContext => ({
    ...{ ...locale, facts, now, segment: ofSegment },
    spans: (node) => spansOf(node, locale),
  })
  const spansOf = (node: SegmentNode, locale: Locale): Spans =>
    readNode(node, (kind, value) => kind.spans(value, contextOf(locale)))
  const ofSegment = (id: string): Spans => {
    let spans = known.get(id)
    if (spans === undefined) {
      // A segment that names itself, directly or through others, cannot be saved; nobody would be in it.
      known.set(id, NEVER)
      const definition = definitions.get(id)
      spans = definition === undefined ? NEVER : spansOf(definition.node, localeOf(shop, definition))
      known.set(id, spans)
    }
    return spans
  }
  return { ofSegment, spansOf, contextOf }
}

/** The verdict that spans give at a time. */
export function verdictOf({ row }: PersonFacts, spans: Spans, now: number): Verdict {
  const span = spanAt(spans, now)
  const before = lastBefore(spans, now)
  return {
    personId: row.person_id,
    // What has always held, holds since the person is known.
    entered: span && { at: Math.max(span.from, row.first_seen), cause: span.began },
    left: before && { at: before.to, cause: before.ended },
    edge: nextChange(spans, now),
  }
}

/** The verdicts by segment, and the next edge of each person as it was stored before. */
export type Judged = { verdicts: Map<string, Verdict[]>; edges: Map<PersonId, number | null> }

/** Evaluates segments for the given persons at `now`. Persons that do not exist are left out. */
export async function judge(
  db: Kysely<Database>,
  rules: Rules,
  segmentIds: readonly string[],
  now: number,
  personIds: PersonId[],
): Promise<Judged> {
  const verdicts = new Map<string, Verdict[]>(segmentIds.map((id) => [id, []]))
  const edges = new Map<PersonId, number | null>()
  if (personIds.length === 0) return { verdicts, edges }
  const nodes = segmentIds.flatMap((id) => rules.definitions.get(id)?.node ?? [])
  const wants = allWants(nodes.map((node) => wantsOf(rules, node)))
  for (const facts of await loadFacts(db, personIds, wants)) {
    const { ofSegment } = createJudge(rules, facts, now)
    for (const [id, own] of verdicts) own.push(verdictOf(facts, ofSegment(id), now))
    edges.set(facts.row.person_id, facts.row.edge_at)
  }
  return { verdicts, edges }
}
