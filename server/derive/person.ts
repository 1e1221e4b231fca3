/**
 * Derives persons from what their visitors yield, then the memberships that follow, and marks the contacts whose
 * match may read differently now.
 */
import type { Transaction } from 'kysely'
import { mark } from '../store/dirty.ts'
import { writePersons } from '../store/persons.ts'
import type { Database } from '../store/schema.ts'
import { personsPastEdge, refreshMembers } from '../store/segments.ts'

/** Derives the given persons at `now`, in the caller's transaction. */
export async function derivePersons(trx: Transaction<Database>, personIds: string[], now: number): Promise<void> {
  const there = await writePersons(trx, personIds)
  await refreshMembers(trx, there, now)
  await markContacts(trx, personIds)
}

/** Re-evaluates up to `limit` persons for whom time has crossed an edge. Returns how many there were. */
export async function crossEdges(trx: Transaction<Database>, now: number, limit: number): Promise<number> {
  const due = await personsPastEdge(trx, now, limit)
  await refreshMembers(trx, due, now)
  await markContacts(trx, due)
  return due.length
}

function markContacts(trx: Transaction<Database>, personIds: string[]): Promise<void> {
  return mark(
    trx,
    'dirty_contacts',
    personIds.flatMap((id) => (id.startsWith('c:') ? [id.slice(2)] : [])),
  )
}
