/**
 * Empties everything derived and marks all that has to be derived again. Until that is done nothing is told: a reader
 * of the feed must not hear that everybody is gone and comes back.
 */
import type { Kysely, Transaction } from 'kysely'
import { mark, readMarks } from './dirty.ts'
import { lockLeases } from './leases.ts'
import { type Database, DERIVED_TABLES } from './schema.ts'
import { moveVersion } from './sites.ts'
import { transact } from './transact.ts'

/**
 * In one transaction, so that nobody derives half of it; what is being derived meanwhile is not written. Returns how
 * many visitors are marked.
 */
export async function emptyDerived(db: Kysely<Database>): Promise<number> {
  return transact(db, async (trx) => {
    await lockLeases(trx)
    await moveVersion(trx)
    const visitors = await trx.selectFrom('events').select('visitor_id').distinct().execute()
    for (const table of DERIVED_TABLES) await trx.deleteFrom(table).execute()
    await mark(
      trx,
      'dirty_visitors',
      visitors.map((row) => row.visitor_id),
    )
    // Those whose match ends with the rebuild are told so too.
    const told = await trx.selectFrom('feed_state').select('contact_id').execute()
    await mark(
      trx,
      'dirty_contacts',
      told.map((row) => row.contact_id),
    )
    await trx
      .insertInto('meta')
      .values({ name: 'rebuilding', value: '1' })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    return visitors.length
  })
}

/** Whether a rebuild is under way; `over` when nothing is left to do of it but to say so. */
export async function rebuildState(db: Kysely<Database>): Promise<'none' | 'under way' | 'over'> {
  const flag = await db.selectFrom('meta').select('value').where('name', '=', 'rebuilding').executeTakeFirst()
  if (!flag) return 'none'
  const left = [...(await readMarks(db, 'dirty_visitors', 1)), ...(await readMarks(db, 'dirty_persons', 1))]
  return left.length > 0 ? 'under way' : 'over'
}

/** Notes the end of a rebuild: from now on changes are told again. */
export async function endRebuild(trx: Transaction<Database>): Promise<void> {
  await trx.deleteFrom('meta').where('name', '=', 'rebuilding').execute()
}
