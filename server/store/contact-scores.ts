/** The scores of a contact as they are now, from its orders, even before its person is derived. */
import type { Kysely } from 'kysely'
import type { ContactId } from '../domain/ids.ts'
import { contactScores } from '../domain/scores/standing.ts'
import { listOrders } from './contact-orders.ts'
import { findContact } from './contacts.ts'
import type { Database } from './schema.ts'
import { listScoreVersions } from './score-versions.ts'

/** A contact's scores, and why the version in force has no fit. */
export type ContactScores = Awaited<ReturnType<typeof readContactScores>>

/** Reads a contact's scores. A record that was merged with another has none; its orders are those of the other. */
export async function readContactScores(db: Kysely<Database>, id: ContactId, now: number) {
  const versions = await listScoreVersions(db)
  const contact = await findContact(db, id)
  const orders = contact?.merged_into == null ? await listOrders(db, id) : []
  return { scores: contactScores(orders, versions, now), lack: versions.at(-1)?.lack ?? null }
}
