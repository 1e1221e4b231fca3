/** The visits of a person. */
import type { PersonId } from '../../domain/ids.ts'
import { ofKeys } from '../../store/engine/many.ts'
import type { VisitRow } from '../../store/schema/behaviour.ts'
import type { FactKind } from './fact.ts'

declare module './fact.ts' {
  interface FactValues {
    /** In order of their beginning. */
    visits: readonly VisitRow[]
  }
  interface FactWants {
    visits: true
  }
}

const selectVisits = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('visits').selectAll().where('person_id', 'in', personIds),
)

/** The kind `visits`. */
export const visits: FactKind<'visits'> = {
  async load(db, persons) {
    const rows = await selectVisits(
      db,
      persons.map((row) => row.person_id),
    )
    const byPerson = Map.groupBy(
      rows.sort((a, b) => a.began_at - b.began_at),
      (row) => row.person_id,
    )
    return (personId) => byPerson.get(personId) ?? []
  },
}
