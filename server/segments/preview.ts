/**
 * Looks at a condition before it is saved: how many persons it holds for, how many of them may be mailed, what their carts
 * are worth, some of them with the facts that put them in, and how many are left after each condition.
 */
import { type Kysely, sql } from 'kysely'
import { type Person, personOf } from '../domain/ids.ts'
import type { Database } from '../store/schema.ts'
import { type Counts, countPersons } from './counts.ts'
import type { SegmentDefinition } from './definitions.ts'
import { explain } from './explain.ts'
import type { Fact, Language, SegmentNode } from './nodes/node.ts'
import { localeOf, type Rules } from './rules.ts'
import { personsWhere, whereOf } from './where.ts'

/** A person that a condition holds for, with the facts that it rests on, newest first. */
export type Sampled = { person: Person; facts: Fact[] }

/** How many persons are left after a condition and those before it; the path leads to it in the definition. */
export type FunnelStep = { path: string; people: number }

/** What a condition finds. */
export type Preview = Counts & { sample: Sampled[]; funnel: FunnelStep[] }

/** What a preview needs besides the store. `isCancelled`: nobody waits for the answer any more. */
export type PreviewOptions = { now: number; language: Language; isCancelled: () => boolean }

/** How many persons are shown, and of how many facts each. */
const SAMPLE = 5
const MAX_FACTS = 10

/** Evaluates a condition for everybody. Null if it was cancelled in between. */
export async function preview(
  db: Kysely<Database>,
  rules: Rules,
  definition: Pick<SegmentDefinition, 'node' | 'currency'>,
  { now, language, isCancelled }: PreviewOptions,
): Promise<Preview | null> {
  const locale = localeOf(rules.shop, definition)
  const counts = await countPersons(db, whereOf(db, definition.node, now, locale))
  if (isCancelled()) return null
  const steps = stepsOf(definition.node)
  const funnel: FunnelStep[] = []
  const only = steps.length === 1 ? steps[0] : undefined
  if (only) funnel.push({ path: only.path, people: counts.people })
  else {
    const left = await db
      .selectFrom('persons')
      .select((eb) =>
        steps.map((_, i) => {
          const soFar = eb.and(steps.slice(0, i + 1).map(({ node }) => whereOf(db, node, now, locale)))
          return eb.fn.sum<number | null>(eb.case().when(soFar).then(1).else(0).end()).as(`step_${i}`)
        }),
      )
      .executeTakeFirst()
    const people: Record<string, number | null> = { ...left }
    funnel.push(...steps.map(({ path }, i) => ({ path, people: Number(people[`step_${i}`] ?? 0) })))
  }
  if (isCancelled()) return null
  const shown = await personsWhere(db, definition.node, now, locale)
    .select('person_id')
    // Contacts first: they have names.
    .orderBy(sql`case when contact_id is null then 1 else 0 end`)
    .orderBy('last_seen', 'desc')
    .orderBy('person_id')
    .limit(SAMPLE)
    .execute()
  const sample: Sampled[] = []
  for (const { person_id: personId } of shown) {
    if (isCancelled()) return null
    const explained = await explain(db, rules, definition, personId, { now, language })
    const facts = (explained?.nodes ?? []).flatMap((node) => (node.holds ? node.facts : []))
    sample.push({ person: personOf(personId), facts: facts.sort((a, b) => b.at - a.at).slice(0, MAX_FACTS) })
  }
  return { ...counts, sample, funnel }
}

/** The conditions that a definition asks for one after the other. */
function stepsOf(node: SegmentNode): { path: string; node: SegmentNode }[] {
  const [kind = ''] = Object.keys(node)
  if (!('all' in node)) return [{ path: kind, node }]
  return node.all.map((child, i) => ({ path: `${kind}.${i}`, node: child }))
}
