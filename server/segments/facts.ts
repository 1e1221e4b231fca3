/**
 * The facts of persons that conditions are judged by, loaded for many persons and all segments at once. A person's row is
 * always there; each other kind of fact is a file in `facts/` that says how it is loaded, and is loaded only if a
 * definition wants it.
 */
import type { Kysely } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import { mustGet } from '../domain/lookup.ts'
import { ofKeys } from '../store/engine/many.ts'
import type { PersonRow } from '../store/schema/derived.ts'
import type { Database } from '../store/schema.ts'
import type { FactKind, FactName, FactValues, FactWants } from './facts/fact.ts'
import { FACTS } from './facts/kinds.ts'

/** The facts that a condition wants besides the person's row, by kind: everything that its wants describe is loaded. */
export type Wants = { readonly [K in FactName]?: readonly FactWants[K][] }

/** The facts of one person. */
export type PersonFacts = {
  row: PersonRow
  /** The facts of a kind that was wanted. */
  get<K extends FactName>(kind: K): FactValues[K]
}

/** The wants of several conditions together. */
export function allWants(each: Wants[]): Wants {
  const all: Record<string, unknown[]> = {}
  for (const wants of each) {
    for (const [kind, own] of Object.entries<readonly unknown[]>(wants)) all[kind] = [...(all[kind] ?? []), ...own]
  }
  return all as Wants
}

const selectRows = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('persons').selectAll().where('person_id', 'in', personIds),
)

/** Loads persons with the facts that are wanted. Persons that do not exist are left out. */
export async function loadFacts(db: Kysely<Database>, personIds: PersonId[], wants: Wants): Promise<PersonFacts[]> {
  const rows = await selectRows(db, personIds)
  const loaded = new Map<FactName, Map<PersonId, unknown>>()
  const load = async <K extends FactName>(name: K) => {
    const kind: FactKind<K> = FACTS[name]
    const values = await kind.load(db, rows, (wants[name] ?? []) as FactWants[K][])
    loaded.set(name, new Map(rows.map((row) => [row.person_id, values(row.person_id)])))
  }
  for (const name of Object.keys(wants) as FactName[]) await load(name)
  return rows.map((row) => ({
    row,
    get: <K extends FactName>(kind: K) => mustGet(mustGet(loaded, kind), row.person_id) as FactValues[K],
  }))
}
