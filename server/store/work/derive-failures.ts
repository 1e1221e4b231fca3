/**
 * Visitors, persons and contacts whose derivation throws. Each is set aside so that the others can proceed, and retried
 * when it changes or when an operator asks for it.
 */
import type { Kysely, Transaction } from 'kysely'
import { storedPerson } from '../../domain/ids.ts'
import { ofKeys } from '../engine/many.ts'
import type { DeriveStage } from '../schema/work.ts'
import type { Database } from '../schema.ts'
import { clearMarks, type Mark, mark } from './dirty.ts'

/** A stored failure. */
export type DeriveFailure = Database['derive_failures']

const MARKS = { visitor: 'dirty_visitors', person: 'dirty_persons', contact: 'dirty_contacts' } as const

/** Sets a key aside with its error. */
export async function recordFailure(
  trx: Transaction<Database>,
  failed: { stage: DeriveStage; mark: Mark; error: string; at: number },
): Promise<void> {
  const { stage, error, at } = failed
  await trx
    .insertInto('derive_failures')
    .values({ key: failed.mark.key, stage, error, attempts: 1, at })
    .onConflict((conflict) =>
      conflict
        .columns(['key', 'stage'])
        .doUpdateSet((eb) => ({ error, at, attempts: eb('derive_failures.attempts', '+', 1) })),
    )
    .execute()
  // Otherwise its edge would make it due again and again.
  if (stage === 'person') {
    await trx
      .updateTable('persons')
      .set({ edge_at: null })
      .where('person_id', '=', storedPerson(failed.mark.key))
      .execute()
  }
  await clearMarks(trx, MARKS[stage], [failed.mark])
}

const removeFailures = ofKeys((db, keys, stage: DeriveStage) =>
  db.deleteFrom('derive_failures').where('key', 'in', keys).where('stage', '=', stage),
)

/** Deletes the failures of keys that were derived. */
export async function forgetFailures(trx: Transaction<Database>, stage: DeriveStage, keys: string[]): Promise<void> {
  await removeFailures(trx, keys, stage)
}

/** All failures, the oldest first. */
export async function listFailures(db: Kysely<Database>): Promise<DeriveFailure[]> {
  return db.selectFrom('derive_failures').selectAll().orderBy('at').orderBy('key').execute()
}

/** Marks the failed key so that it is derived again. */
export async function retryFailure(db: Kysely<Database>, failure: DeriveFailure): Promise<void> {
  await mark(db, MARKS[failure.stage], [failure.key])
}

/** Deletes one failure. */
export async function dropFailure(db: Kysely<Database>, { stage, key }: DeriveFailure): Promise<void> {
  await db.deleteFrom('derive_failures').where('key', '=', key).where('stage', '=', stage).execute()
}

/** The current state of a failure, or null if it no longer exists. */
export async function readFailure(
  db: Kysely<Database>,
  { stage, key }: Pick<DeriveFailure, 'stage' | 'key'>,
): Promise<DeriveFailure | null> {
  const row = await db
    .selectFrom('derive_failures')
    .selectAll()
    .where('key', '=', key)
    .where('stage', '=', stage)
    .executeTakeFirst()
  return row ?? null
}
