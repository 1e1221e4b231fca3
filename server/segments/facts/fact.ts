/**
 * The kinds of facts that conditions are judged by. Each kind's file adds the type of its value for one person to
 * `FactValues`, and to `FactWants` what a condition may ask for, so that no more than that is loaded.
 */
import type { Kysely } from 'kysely'
import type { PersonId } from '../../domain/ids.ts'
import type { PersonRow } from '../../store/schema/derived.ts'
import type { Database } from '../../store/schema.ts'

/** The value of each kind of fact for one person, declared by that kind's file. */
// biome-ignore lint/suspicious/noEmptyInterface: its members are declared beside the code that reads them.
export interface FactValues {}

/** What a condition may ask for of each kind, declared by that kind's file. */
// biome-ignore lint/suspicious/noEmptyInterface: its members are declared beside the code that reads them.
export interface FactWants {}

/** The name of a kind of fact. */
export type FactName = keyof FactValues & keyof FactWants

/** A kind of fact: loads everything that one of the wants asks for, for the given persons. */
export type FactKind<K extends FactName> = {
  load(
    db: Kysely<Database>,
    persons: readonly PersonRow[],
    wants: readonly FactWants[K][],
  ): Promise<(person: PersonId) => FactValues[K]>
}
