/**
 * Deletes expired data. Every step can be repeated or interrupted. Visitors are only marked here; deriving does the rest.
 *
 * An active visitor keeps its claims, and its logins and logouts as bare moments: without them, its remaining events could
 * be assigned to another contact. A visitor without any event left loses everything except the proofs of consent and its
 * uses of tokens that others used too, because the first use decides what their claims are worth.
 */
import type { Kysely, Transaction } from 'kysely'
import { namingsOf } from './claim-keys.ts'
import { dependentsOf } from './dependents.ts'
import { chunks, chunksOf, ofKeys } from './engine/many.ts'
import { deleteOfVisitor } from './rows.ts'
import type { Database } from './schema.ts'
import { DELETED_AT_DEPARTURE, DELETED_WITH_PROOF, EXPIRING_COLUMNS } from './tables.ts'
import { usesOf } from './token-uses.ts'
import { mark } from './work/dirty.ts'
import { lockNamed } from './work/locks.ts'

/** The position of a sweep among the visitors, by expiry and id. */
export type SweepPosition = { expireAt: number; visitorId: string }

/** Events at or before `before` have expired; null `sites` means all sites that no other floor names. */
export type Floor = { sites: string[] | null; before: number }

/** The next visitors with expired events. */
export async function expiredVisitors(
  db: Kysely<Database>,
  now: number,
  after: SweepPosition,
  limit: number,
): Promise<SweepPosition[]> {
  return db
    .selectFrom('visitors')
    .select(['expire_at as expireAt', 'visitor_id as visitorId'])
    .where('expire_at', '<=', now)
    .where((eb) =>
      eb.or([
        eb('expire_at', '>', after.expireAt),
        eb.and([eb('expire_at', '=', after.expireAt), eb('visitor_id', '>', after.visitorId)]),
      ]),
    )
    .orderBy('expire_at')
    .orderBy('visitor_id')
    .limit(limit)
    .execute()
}

/**
 * Deletes up to `limit` events of the visitors that have expired by the floors, with the rows that depend on them. Returns
 * their number, and whether these were all.
 */
export async function removeExpired(
  trx: Transaction<Database>,
  given: {
    visitorIds: string[]
    floors: Floor[]
    staysAsMoment: (type: string) => boolean
    limit: number
    proofUntil: number
  },
): Promise<{ removed: number; complete: boolean }> {
  const { visitorIds, floors, limit } = given
  const tokens = [...new Set((await usesOf(trx, visitorIds)).map((use) => use.token_hash))]
  const namings = await namingsOf(trx, visitorIds)
  await lockNamed(trx, [...new Set(namings.map((naming) => naming.key_hash))], tokens)
  const named = floors.flatMap((floor) => floor.sites ?? [])
  const rows = await trx
    .selectFrom('events')
    .select(['visitor_id', 'id', 'type', 'at'])
    .where('visitor_id', 'in', visitorIds)
    .where((eb) =>
      eb.or(
        floors.map(({ sites, before }) =>
          eb.and([
            sites !== null
              ? eb('site_id', 'in', sites)
              : named.length > 0
                ? eb('site_id', 'not in', named)
                : eb.lit(true),
            eb('at', '<=', before),
          ]),
        ),
      ),
    )
    .orderBy('visitor_id')
    .orderBy('id')
    .limit(limit)
    .execute()
  const moments = rows.filter((row) => given.staysAsMoment(row.type))
  for (const part of chunksOf(moments)) {
    await trx
      .insertInto('aged_moments')
      .values(part)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
  for (const [visitorId, own] of Map.groupBy(rows, (row) => row.visitor_id)) {
    await deleteOfVisitor(
      trx,
      EXPIRING_COLUMNS,
      visitorId,
      own.map((row) => row.id),
    )
  }
  const complete = rows.length < limit
  const dependents = complete ? await removeDeparted(trx, visitorIds, tokens, given.proofUntil) : []
  await mark(trx, 'dirty_visitors', [...(rows.length > 0 ? visitorIds : []), ...dependents])
  return { removed: rows.length, complete }
}

/**
 * Removes what is left of those of the visitors that have no event any more, and returns whose claims are weighed
 * otherwise without them. Their tokens and what they named are locked.
 */
async function removeDeparted(
  trx: Transaction<Database>,
  visitorIds: string[],
  tokens: string[],
  proofUntil: number,
): Promise<string[]> {
  const present = await withEvents(trx, visitorIds)
  const departed = visitorIds.filter((id) => !present.has(id))
  if (departed.length === 0) return []
  await removeTokens(trx, tokens)
  // The guard counts without them from now on.
  const namings = await namingsOf(trx, departed)
  const dependents = (await dependentsOf(trx, { uses: [], namings })).filter((id) => !departed.includes(id))
  for (const table of DELETED_AT_DEPARTURE) {
    await trx.deleteFrom(table).where('visitor_id', 'in', departed).execute()
  }
  await trx
    .insertInto('departed_visitors')
    .values([...departed].sort().map((id) => ({ visitor_id: id, proof_until: proofUntil })))
    .onConflict((conflict) =>
      conflict.column('visitor_id').doUpdateSet((eb) => ({ proof_until: eb.ref('excluded.proof_until') })),
    )
    .execute()
  return dependents
}

/** Deletes the uses of those tokens that no visitor with events has used. */
async function removeTokens(trx: Transaction<Database>, hashes: string[]): Promise<void> {
  for (const part of chunks(hashes, 500)) {
    const uses = await trx
      .selectFrom('token_uses')
      .select(['token_hash', 'visitor_id'])
      .where('token_hash', 'in', part)
      .execute()
    const living = await withEvents(trx, [...new Set(uses.map((use) => use.visitor_id))])
    const needed = new Set(uses.filter((use) => living.has(use.visitor_id)).map((use) => use.token_hash))
    const unused = part.filter((hash) => !needed.has(hash))
    if (unused.length > 0) await trx.deleteFrom('token_uses').where('token_hash', 'in', unused).execute()
  }
}

const selectPresent = ofKeys((db, visitorIds) =>
  db.selectFrom('events').select('visitor_id').distinct().where('visitor_id', 'in', visitorIds),
)

async function withEvents(db: Kysely<Database>, visitorIds: string[]): Promise<Set<string>> {
  return new Set((await selectPresent(db, visitorIds)).map((row) => row.visitor_id))
}

/** Deletes the expired proofs of consent of up to `limit` visitors. Returns the number of visitors it processed. */
export async function removeProofs(trx: Transaction<Database>, now: number, limit: number): Promise<number> {
  const rows = await trx
    .selectFrom('departed_visitors')
    .select('visitor_id')
    .where('proof_until', '<=', now)
    .orderBy('proof_until')
    .limit(limit)
    .execute()
  if (rows.length === 0) return 0
  const ids = rows.map((row) => row.visitor_id).sort()
  // The choices of visitors that have come back still count.
  const present = await withEvents(trx, ids)
  const departed = ids.filter((id) => !present.has(id))
  if (departed.length > 0) {
    for (const table of DELETED_WITH_PROOF) await trx.deleteFrom(table).where('visitor_id', 'in', departed).execute()
  }
  await trx.deleteFrom('departed_visitors').where('visitor_id', 'in', ids).execute()
  return rows.length
}
