/**
 * Erasure notices: how readers of the feed learn that a contact was erased. The contact's last change is `erased`
 * instead of `unmatched`, published once, and only if an earlier change named them. For that the id stays here, and
 * nowhere else, for 30 days. Earlier changes lose the id at the erasure, so that the sequence numbers have no gap.
 */
import type { Kysely, Transaction } from 'kysely'
import { chunks } from './engine/many.ts'
import { transact } from './engine/transact.ts'
import { decodeJson, encodeJson } from './schema/columns.ts'
import type { Database } from './schema.ts'

/** Stands for an erased contact in the log of changes. */
export const ERASED_CONTACT = ''

/** The digest of a contact that is erased, or published again. */
export const NO_DIGEST = ''

/** How long readers may take to read of an erasure. */
const NOTICE_MS = 30 * 24 * 3600_000

/** Has the publisher report the contacts that this transaction erases. The caller holds the leases. */
export async function addErasureNotices(trx: Transaction<Database>, contactIds: string[], now: number): Promise<void> {
  for (const contactId of [...contactIds].sort()) {
    const heard = await trx
      .updateTable('match_changes')
      .set({ contact_id: ERASED_CONTACT })
      .where('contact_id', '=', contactId)
      .returning(['segments', 'left_segments'])
      .execute()
    if (heard.length === 0) continue
    const segments = new Set(heard.flatMap((row) => [...decodeJson(row.segments), ...decodeJson(row.left_segments)]))
    await trx
      .insertInto('farewells')
      .values({ contact_id: contactId, at: now })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    // Readers still know a contact that was last reported as unmatched, and those of a segment one that has left it.
    const state = {
      ...{ digest: NO_DIGEST, segments: encodeJson([...segments].sort()), grade: null, cart_grade: null },
      ...{ contents: null, behaviour: null, told_at: null, due_at: null },
    }
    await trx
      .insertInto('feed_state')
      .values({ contact_id: contactId, ...state })
      .onConflict((conflict) => conflict.column('contact_id').doUpdateSet(state))
      .execute()
  }
}

/** The changes to publish, given that some of their contacts may have been erased since the changes were computed. */
export async function withErasureNotices<C extends { contactId: string; change: string | null; reason: string | null }>(
  trx: Transaction<Database>,
  changes: C[],
): Promise<C[]> {
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
    // Any other change was computed from data that is gone; the next round finds the contact unmatched.
    return change.change === 'unmatched' ? { ...change, change: 'erased', reason: null } : []
  })
}

/** Removes the ids of contacts that were erased 30 days ago from the log. */
export async function removeErasureNotices(db: Kysely<Database>, now: number): Promise<void> {
  const rows = await db
    .selectFrom('farewells')
    .select('contact_id')
    .where('at', '<=', now - NOTICE_MS)
    .orderBy('contact_id')
    .limit(500)
    .execute()
  for (const { contact_id } of rows) {
    await transact(db, async (trx) => {
      await trx
        .updateTable('match_changes')
        .set({ contact_id: ERASED_CONTACT })
        .where('contact_id', '=', contact_id)
        .execute()
      await trx.deleteFrom('feed_state').where('contact_id', '=', contact_id).execute()
      await trx.deleteFrom('farewells').where('contact_id', '=', contact_id).execute()
    })
  }
}
