/**
 * Shares the keys among processes. Each partition of the keys is a lease that one process owns for a few seconds and
 * renews; the feed is one more lease. A process gives up leases beyond its fair share and takes over those that nobody
 * renews. A paused process resumes without noticing that it was away, so writes under a lease are fenced: the writing
 * transaction updates the lease's row only if owner and fence are still the ones it claimed, which also keeps other
 * processes from taking the lease before the commit.
 *
 * All times are the database's, because the clocks of processes differ and jump. Each row is renewed or taken in its own
 * statement, so that no two processes deadlock.
 */

import { type Kysely, sql, type Transaction } from 'kysely'
import { itemAt, mustGet } from '../../domain/lookup.ts'
import type { Database } from '../schema.ts'
import { BUCKETS } from './buckets.ts'
import { LostClaim, type Ownership, type WorkClaim } from './ownership.ts'

/** The number of partitions, each with a lease. A migration creates their rows. */
const PARTITIONS = 16
const FEED = 'feed'

/** A lease that is not renewed expires after this time. */
const LEASE_MS = 10_000

/** The row of a process that was not seen for this long is deleted. */
const PROCESS_EXPIRY_MS = 60_000

/** This process's leases. */
export type Leases = Ownership & {
  /** Renews the leases it holds, gives up those beyond its share, and takes free ones. Call it every couple of seconds. */
  beat(): Promise<void>
  /** Gives up all leases, for an orderly shutdown. */
  release(): Promise<void>
}

/**
 * Creates the leases of the process `id`, which holds none before its first beat. A process restarted under the same id
 * takes its former leases back at once. `db` is used for the beats and should have a short lock timeout.
 */
export function createLeases({ db, id }: { db: Kysely<Database>; id: string }): Leases {
  const held = new Map<string, number>()

  const claim = (names: string[], buckets: number[] | null): WorkClaim | null => {
    if (names.length === 0) return null
    const fences = new Map(names.map((name) => [name, mustGet(held, name)]))
    const rows = names.sort().map((name) => ({ name, owner: id, fence: mustGet(fences, name), expires_at: 0 }))
    return {
      buckets,
      async hold(trx) {
        const kept = await trx
          .insertInto('leases')
          .values(rows)
          .onConflict((conflict) =>
            conflict
              .column('name')
              .doUpdateSet((eb) => ({ owner: eb.ref('excluded.owner') }))
              .whereRef('leases.owner', '=', 'excluded.owner')
              .whereRef('leases.fence', '=', 'excluded.fence'),
          )
          .returning('name')
          .execute()
        if (kept.length === rows.length) return
        const still = new Set(kept.map((row) => row.name))
        const lost = names.filter((name) => !still.has(name))
        for (const name of lost) if (held.get(name) === fences.get(name)) held.delete(name)
        throw new LostClaim(`${lost.join(', ')} now belong to another process`)
      },
    }
  }

  /** Updates a lease if it has not changed since it was read. Returns whether it did; null if its row is locked. */
  const change = async (row: Database['leases'], next: Partial<Database['leases']>): Promise<boolean | null> => {
    try {
      const changed = await db
        .updateTable('leases')
        .set(next)
        .where('name', '=', row.name)
        .where('owner', '=', row.owner)
        .where('fence', '=', row.fence)
        .returning('name')
        .execute()
      return changed.length === 1
    } catch (error) {
      if ((error as { code?: string }).code === '55P03') return null
      throw error
    }
  }

  /** Takes over a lease if it is still free: a late owner may have renewed it. */
  const take = async (row: Database['leases'], now: number): Promise<boolean | null> => {
    const taken = await change(row, { owner: id, fence: row.fence + 1, expires_at: now + LEASE_MS })
    if (taken) held.set(row.name, row.fence + 1)
    return taken
  }

  return {
    keys: () => {
      const names = [...held.keys()].filter((name) => name !== FEED)
      const own = new Set(names.map(partitionOf))
      const buckets = Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter((each) =>
        own.has(each % PARTITIONS),
      )
      return claim(names, own.size === PARTITIONS ? null : buckets)
    },
    feed: () => claim(held.has(FEED) ? [FEED] : [], null),
    async beat() {
      const now = await databaseTime(db)
      const alive = await recordHeartbeat(db, id, now)
      const rows = await db.selectFrom('leases').selectAll().orderBy('name').execute()
      for (const row of rows) {
        const mine = row.owner === id && held.get(row.name) === row.fence
        if (!mine) held.delete(row.name)
        else if ((await change(row, { expires_at: now + LEASE_MS })) === false) held.delete(row.name)
      }
      const share = Math.ceil(PARTITIONS / alive)
      let mine = [...held.keys()].filter((name) => name !== FEED).length
      for (const row of rows.filter((each) => each.name !== FEED && held.has(each.name))) {
        if (mine <= share) break
        held.delete(row.name)
        mine--
        if ((await change(row, { owner: '', expires_at: 0 })) === null) held.set(row.name, row.fence)
      }
      // A lease whose owner is writing under it is left alone until the next beat.
      for (const row of rows) {
        const free = !held.has(row.name) && (row.expires_at <= now || row.owner === id)
        if (!free || (row.name !== FEED && mine >= share)) continue
        const taken = await take(row, now)
        if (taken === null) return
        if (taken && row.name !== FEED) mine++
      }
    },
    async release() {
      const rows = await db.selectFrom('leases').selectAll().where('owner', '=', id).orderBy('name').execute()
      held.clear()
      for (const row of rows) await change(row, { owner: '', expires_at: 0 })
      await db.deleteFrom('processes').where('id', '=', id).execute()
    },
  }
}

/** Blocks all writes of derived rows until the transaction ends. Must be called before the transaction takes other locks. */
export async function lockLeases(trx: Transaction<Database>): Promise<void> {
  const rows = await trx.selectFrom('leases').select('name').orderBy('name').execute()
  for (const { name } of rows) {
    await trx
      .updateTable('leases')
      .set((eb) => ({ owner: eb.ref('owner') }))
      .where('name', '=', name)
      .execute()
  }
}

/** Records that the process is alive, and returns the number of live processes. */
async function recordHeartbeat(db: Kysely<Database>, id: string, now: number): Promise<number> {
  await db
    .insertInto('processes')
    .values({ id, seen_at: now })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ seen_at: now }))
    .execute()
  await db
    .deleteFrom('processes')
    .where('seen_at', '<', now - PROCESS_EXPIRY_MS)
    .execute()
  const alive = await db
    .selectFrom('processes')
    .select((eb) => eb.fn.countAll().as('n'))
    .where('seen_at', '>', now - LEASE_MS)
    .executeTakeFirst()
  return Math.max(1, Number(alive?.n ?? 1))
}

async function databaseTime(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ now: number }>`
    select cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as now`.execute(db)
  return itemAt(rows, 0).now
}

function partitionOf(name: string): number {
  return Number(name.slice(name.indexOf('-') + 1))
}
