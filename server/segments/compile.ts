/**
 * Compiles a segment's condition to SQL over `persons`, the same on every engine, and evaluates it. A membership is dated
 * by the event or the edge that made the condition true, never by the tick that noticed it.
 */
import { expressionBuilder, type Kysely } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import type { Database } from '../store/schema.ts'
import { readNode } from './grammar.ts'
import type { Builder, Cause, Compiled, SegmentNode } from './nodes/node.ts'

/**
 * The result of a condition for one person at one time. `cause` is what made it true at `enteredAt`; `edge` is the next time
 * at which it may change without a new event, or null.
 */
export type Verdict = { personId: PersonId; member: boolean; enteredAt: number; cause: Cause; edge: number | null }

function compile(node: SegmentNode, now: number): Compiled {
  const eb: Builder = expressionBuilder<Database, 'persons'>()
  const context = { eb, now, compile: (child: SegmentNode) => compile(child, now) }
  return readNode(node, (kind, value) => kind.compile(value, context))
}

function selectVerdicts(db: Kysely<Database>, { where, since, edges }: Compiled, personIds: PersonId[]) {
  return db
    .selectFrom('persons')
    .select('person_id')
    .select((eb) => [
      eb.case().when(where).then(eb.lit(1)).else(eb.lit(0)).end().as('member'),
      ...since.map(({ at }, i) => at.as(`since_${i}`)),
      ...edges.map((time, i) => time.as(`edge_${i}`)),
    ])
    .where('person_id', 'in', personIds)
}

/** The query that evaluates a condition for the given persons. Exported for its test. */
export function verdictQuery(db: Kysely<Database>, node: SegmentNode, now: number, personIds: PersonId[]) {
  return selectVerdicts(db, compile(node, now), personIds)
}

/** Evaluates a condition for the given persons at `now`. */
export async function judge(
  db: Kysely<Database>,
  node: SegmentNode,
  now: number,
  personIds: PersonId[],
): Promise<Verdict[]> {
  if (personIds.length === 0) return []
  const compiled = compile(node, now)
  const rows: Record<string, unknown>[] = await selectVerdicts(db, compiled, personIds).execute()
  return rows.map((row) => {
    const sinces = compiled.since.map(({ cause }, i) => ({ at: Number(row[`since_${i}`] ?? 0), cause }))
    const edges = compiled.edges.flatMap((_, i) => row[`edge_${i}`] ?? []).map(Number)
    const ahead = edges.filter((time) => time > now)
    const latest = sinces.reduce((last, each) => (each.at > last.at ? each : last), { at: 0, cause: 'event' as Cause })
    return {
      personId: row.person_id as PersonId,
      member: Number(row.member) === 1,
      enteredAt: latest.at,
      cause: latest.cause,
      edge: ahead.length > 0 ? Math.min(...ahead) : null,
    }
  })
}
