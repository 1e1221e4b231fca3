/** Users whose consent a shop's server has ended: noted by landing, worked off by `erasure/end-users`. */
import type { Kysely, Transaction } from 'kysely'
import type { Entry } from '../domain/event.ts'
import { inKeyOrder, ofKeys, ofRows } from './engine/many.ts'
import { insertErasedSpans } from './erased-spans.ts'
import { insertErasures } from './erasures.ts'
import { encodeJson } from './schema/columns.ts'
import type { EndedUserRow } from './schema/erasure.ts'
import type { ClaimRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'
import { mark } from './work/dirty.ts'

const upsert = ofRows((db, rows: EndedUserRow[]) =>
  db
    .insertInto('ended_users')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .column('key_hash')
        .doUpdateSet((eb) => ({
          site_id: eb.ref('excluded.site_id'),
          consent_id: eb.ref('excluded.consent_id'),
          analytics: eb.ref('excluded.analytics'),
          at: eb.ref('excluded.at'),
          waits: 1,
        }))
        .whereRef('excluded.at', '>', 'ended_users.at'),
    ),
)
const selectEnded = ofKeys((db, keys) => db.selectFrom('ended_users').selectAll().where('key_hash', 'in', keys))

/**
 * Notes users whose consent ends. What stands for them where no browser is known is erased up to then; it stays for what a
 * later consent allows.
 */
export async function insertEndedUsers(
  trx: Transaction<Database>,
  entries: Entry[],
  tombstone: (visitorId: string) => string,
): Promise<void> {
  const rows = new Map<string, EndedUserRow>()
  const spans: { visitor: string; hash: string; to: number; noted: number }[] = []
  for (const { ends, site, consent, received_at: noted } of entries) {
    if (ends === undefined) continue
    const { key: key_hash, at, visitors } = ends
    const analytics = consent.analytics ? 1 : 0
    const row = { key_hash, site_id: site, consent_id: consent.id, analytics, at, waits: 1 } as const
    if ((rows.get(key_hash)?.at ?? 0) < at) rows.set(key_hash, row)
    if (analytics === 0) spans.push(...visitors.map((id) => ({ visitor: id, hash: tombstone(id), to: at, noted })))
  }
  if (rows.size === 0) return
  await upsert(trx, inKeyOrder([...rows.values()], 'key_hash', 'key_hash'))
  await eraseUpTo(trx, spans)
}

/** Erases what visitors did up to a time, in the store and in the journals. */
export async function eraseUpTo(
  trx: Transaction<Database>,
  ended: { visitor: string; hash: string; to: number; noted: number }[],
): Promise<void> {
  await insertErasedSpans(
    trx,
    ended.map(({ hash, to, noted }) => ({ visitor_hash: hash, from_at: 0, to_at: to, erased_at: noted })),
  )
  await insertErasures(
    trx,
    ended.map(({ hash: visitor, to, noted }) => {
      return { id: `ended-${visitor}-${to}`, at: noted, spans: encodeJson([{ visitor, from: 0, to }]) }
    }),
  )
  await mark(
    trx,
    'dirty_visitors',
    ended.map(({ visitor }) => visitor),
  )
}

/** Has users worked off again of whom these claims, which have just landed, are older than the end of their consent. */
export async function noteLateClaims(trx: Transaction<Database>, claims: ClaimRow[]): Promise<void> {
  const ended = await selectEnded(trx, [...new Set(claims.map((claim) => claim.key_hash))])
  for (const { key_hash, at } of ended) {
    if (!claims.some((claim) => claim.key_hash === key_hash && claim.at <= at)) continue
    await trx.updateTable('ended_users').set({ waits: 1 }).where('key_hash', '=', key_hash).execute()
  }
}

/** Users that wait, at most `limit`. */
export async function waitingUsers(db: Kysely<Database>, limit: number): Promise<EndedUserRow[]> {
  return db.selectFrom('ended_users').selectAll().where('waits', '=', 1).limit(limit).execute()
}

/** Notes that what a user had is gone. */
export async function noteWorkedOff(trx: Transaction<Database>, { key_hash, at }: EndedUserRow): Promise<void> {
  await trx.updateTable('ended_users').set({ waits: 0 }).where('key_hash', '=', key_hash).where('at', '=', at).execute()
}
