/**
 * How readers of the feed hear that a contact was erased: his last change is `erased` instead of `unmatched`, once, and
 * only if they ever heard of him. His id stays for that for 30 days, there and nowhere else. What was told of him before
 * is nobody's from the erasure on: the numbers stay without a gap.
 */
import type { Kysely, Transaction } from 'kysely'
import { chunks } from './engine/many.ts'
import { transact } from './engine/transact.ts'
import type { Change } from './feed.ts'
import type { Database } from './schema.ts'

/** In the log of changes stands for a contact who was erased. */
export const NOBODY = ''

/** How long readers may take to hear of an erasure. */
const FAREWELL_MS = 30 * 24 * 3600_000

/** Has the publisher tell of contacts who are erased in this transaction. The leases are locked. */
export async function sayFarewell(trx: Transaction<Database>, contactIds: string[], now: number): Promise<void> {
  for (const contactId of [...contactIds].sort()) {
    const heard = await trx
      .updateTable('match_changes')
      .set({ contact_id: NOBODY })
      .where('contact_id', '=', contactId)
      .returning('seq')
      .execute()
    if (heard.length === 0) continue
    await trx
      .insertInto('farewells')
      .values({ contact_id: contactId, at: now })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    // Who was told to be no match any more is still known to readers.
    await trx
      .insertInto('feed_state')
      .values({ contact_id: contactId, digest: '', segments: '[]' })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
}

/** The changes as they are to be told where contacts were erased since they were worked out. */
export async function withFarewells(trx: Transaction<Database>, changes: Change[]): Promise<Change[]> {
  const erased = new Set<string>()
  for (const part of chunks(
    changes.map((change) => change.contactId),
    500,
  )) {
    const rows = await trx.selectFrom('farewells').select('contact_id').where('contact_id', 'in', part).execute()
    for (const row of rows) erased.add(row.contact_id)
  }
  if (erased.size === 0) return changes
  return changes.flatMap((change) => {
    if (!erased.has(change.contactId)) return change
    // Any other was worked out from what was before; that he is gone is found in the next round.
    return change.change === 'unmatched' ? { ...change, change: 'erased', reason: null } : []
  })
}

/** Takes the ids of contacts out of the log who were erased 30 days ago. */
export async function endFarewells(db: Kysely<Database>, now: number): Promise<void> {
  const rows = await db
    .selectFrom('farewells')
    .select('contact_id')
    .where('at', '<=', now - FAREWELL_MS)
    .orderBy('contact_id')
    .limit(500)
    .execute()
  for (const { contact_id } of rows) {
    await transact(db, async (trx) => {
      await trx.updateTable('match_changes').set({ contact_id: NOBODY }).where('contact_id', '=', contact_id).execute()
      await trx.deleteFrom('feed_state').where('contact_id', '=', contact_id).execute()
      await trx.deleteFrom('farewells').where('contact_id', '=', contact_id).execute()
    })
  }
}
