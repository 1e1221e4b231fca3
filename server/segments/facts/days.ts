/** What a person did, by day: the rows of `person_days` of the types that conditions ask for, with their exact times. */
import type { DayItem, PropValue } from '../../domain/event-details.ts'
import type { PersonId } from '../../domain/ids.ts'
import { chunks } from '../../store/engine/many.ts'
import type { PersonDayRow } from '../../store/schema/behaviour.ts'
import { decodeJson } from '../../store/schema/columns.ts'
import type { FactKind } from './fact.ts'

/** Events of one type that conditions cannot tell apart. */
export type DayFact = Pick<PersonDayRow, 'type' | 'site_id' | 'url' | 'title' | 'referrer' | 'value' | 'currency'> &
  Pick<PersonDayRow, 'search_term' | 'campaign' | 'source' | 'medium'> & {
    /** When each of them was, sorted. */
    times: number[]
    items: DayItem[]
    props: Record<string, PropValue>
  }

declare module './fact.ts' {
  interface FactValues {
    days: readonly DayFact[]
  }
  interface FactWants {
    /** A type of events. */
    days: string
  }
}

/** The persons of one query. */
const PERSONS = 256

/** The kind `days`. */
export const days: FactKind<'days'> = {
  async load(db, persons, types) {
    const wanted = [...new Set(types)]
    const byPerson = new Map<PersonId, DayFact[]>()
    for (const part of chunks(persons, PERSONS)) {
      const rows = await db
        .selectFrom('person_days')
        .selectAll()
        .where(
          'person_id',
          'in',
          part.map((row) => row.person_id),
        )
        // Not a bare column, or SQLite would read everybody's events of the types by the index of types.
        .where((eb) => eb(eb.fn.coalesce('type', eb.val('')), 'in', wanted))
        .execute()
      for (const row of rows) {
        const own = byPerson.get(row.person_id) ?? []
        byPerson.set(row.person_id, own)
        own.push(factOf(row))
      }
    }
    return (personId) => byPerson.get(personId) ?? []
  },
}

function factOf(row: PersonDayRow): DayFact {
  const { items, item_id: id, item_name: name, item_category: category, props } = row
  return {
    ...row,
    times: timesOf(row),
    items:
      items !== null
        ? decodeJson(items)
        : id === null
          ? []
          : [{ id, name, categories: category === null ? [] : [category] }],
    props: props === null ? {} : decodeJson(props),
  }
}

function timesOf({ count, first_at: first, last_at: last, times }: PersonDayRow): number[] {
  const between = times === null ? [] : decodeJson(times).map((after) => first + after)
  return count === 1 ? [first] : [first, ...between, last]
}
