/** The orders of contacts as scores count them. */
import type { Kysely } from 'kysely'
import type { PersonId } from '../../domain/ids.ts'
import type { ScoredOrder, ScoreVersion } from '../../domain/scores/person-scores.ts'
import { createScoreTimeline, type ScoreTimeline } from '../../domain/scores/score-spans.ts'
import { ofKeys } from '../../store/engine/many.ts'
import type { Database } from '../../store/schema.ts'
import type { FactKind } from './fact.ts'

/** A contact's orders, and their scores by versions of the parameters. All conditions of a person share the timeline. */
type ScoreFacts = { orders: readonly ScoredOrder[]; timeline(versions: readonly ScoreVersion[]): ScoreTimeline }

declare module './fact.ts' {
  interface FactValues {
    scores: ScoreFacts
  }
  interface FactWants {
    scores: true
  }
}

const selectOrders = ofKeys((db: Kysely<Database>, personIds: PersonId[]) =>
  db.selectFrom('person_orders').select(['person_id', 'at', 'total', 'currency']).where('person_id', 'in', personIds),
)

/** The kind `scores`. Only contacts have scores; an anonymous visitor's orders count for nobody. */
export const scores: FactKind<'scores'> = {
  async load(db, persons) {
    const contacts = persons.filter((row) => row.contact_id !== null).map((row) => row.person_id)
    const orders = Map.groupBy(await selectOrders(db, contacts), (row) => row.person_id)
    return (person) => factsOf(orders.get(person) ?? [])
  },
}

function factsOf(orders: ScoredOrder[]): ScoreFacts {
  let known: { versions: readonly ScoreVersion[]; timeline: ScoreTimeline } | null = null
  return {
    orders,
    timeline(versions) {
      if (known?.versions !== versions) known = { versions, timeline: createScoreTimeline(orders, versions) }
      return known.timeline
    },
  }
}
