/**
 * Empties everything derived and marks all that has to be derived again. Until that is done nothing is told: a reader
 * of the feed must not hear that everybody is gone and comes back.
 */
import type { Kysely } from 'kysely'
import { mark, readMarks } from './dirty.ts'
import { type Database, DERIVED_TABLES } from './schema.ts'

/** In one transaction, so that nobody derives half of it. Returns how many visitors are marked. */
export async function emptyDerived(db: Kysely<Database>): Promise<number> {
  return db.transaction().execute(async (trx) => {
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

/** Whether a rebuild is under way; notes its end when no visitor or person is marked any more. */
export async function isRebuilding(db: Kysely<Database>): Promise<boolean> {
  const flag = await db.selectFrom('meta').select('value').where('name', '=', 'rebuilding').executeTakeFirst()
  if (!flag) return false
  const left = [...(await readMarks(db, 'dirty_visitors', 1)), ...(await readMarks(db, 'dirty_persons', 1))]
  if (left.length > 0) return true
  await db.deleteFrom('meta').where('name', '=', 'rebuilding').execute()
  return false
}
