/**
 * Ends what a user has whose withdrawal a shop's server reported: the browsers that the user alone used are retired as by
 * withdrawals of their own, and on devices that others used too the user's periods are removed. If only identity was
 * withdrawn, the claims that named the user lose the name. Nothing that began after the withdrawal is touched.
 */
import type { Kysely, Transaction } from 'kysely'
import { contactPerson, USER_VISITOR } from '../domain/ids.ts'
import { visitorsOfKeys } from '../store/claim-keys.ts'
import { eraseUpTo, noteWorkedOff, waitingUsers } from '../store/ended-users.ts'
import { chunks } from '../store/engine/many.ts'
import { transact } from '../store/engine/transact.ts'
import { insertErasure } from '../store/erasures.ts'
import { keysBeside } from '../store/holders.ts'
import type { EndedUserRow } from '../store/schema/erasure.ts'
import type { Database } from '../store/schema.ts'
import { unname } from '../store/unnamed-claims.ts'
import { insertWithdrawals } from '../store/withdrawals.ts'
import { mark } from '../store/work/dirty.ts'
import { lockLeases } from '../store/work/leases.ts'
import { lockKeys, lockName } from '../store/work/locks.ts'
import { linkedVisitors } from './linked-visitors.ts'
import { cutOut } from './shared-device.ts'

/** What ending users needs: `now` is a monotonic clock for measuring, `at` the wall clock. */
export type EndUsersDeps = {
  db: Kysely<Database>
  tombstone: (visitorId: string) => string
  newId: () => string
  now: () => number
  at: () => number
}

/** How often the store is checked, and how many users are worked off then. */
const LOOK_EVERY_MS = 1000
const AT_ONCE = 20

/** Creates the step that ends users, which returns whether there were any. */
export function createEndUsers(deps: EndUsersDeps): () => Promise<boolean> {
  const { db, now } = deps
  let lookAt = Number.NEGATIVE_INFINITY
  return async () => {
    if (now() < lookAt) return false
    lookAt = now() + LOOK_EVERY_MS
    const users = await waitingUsers(db, AT_ONCE)
    for (const user of users) await transact(db, (trx) => endUser(trx, user, deps))
    if (users.length === AT_ONCE) lookAt = now()
    return users.length > 0
  }
}

async function endUser(trx: Transaction<Database>, user: EndedUserRow, deps: EndUsersDeps): Promise<void> {
  const { tombstone, newId } = deps
  const now = deps.at()
  await lockLeases(trx)
  await lockName(trx, 'contacts')
  const keys = await keysBeside(trx, [user.key_hash])
  const contacts = await contactsOf(trx, keys)
  const { site_id: site, consent_id: consentId, at, analytics } = user
  if (analytics === 1) {
    const claiming = await claimingBefore(trx, keys, at)
    await takeNames(trx, claiming, { keys, at }, { tombstone, now })
  } else {
    await lockKeys(trx, [...keys, ...contacts.map(contactPerson)])
    const claiming = new Set(await claimingBefore(trx, keys, at))
    // What stands for the user without a browser stays for what a later consent allows.
    const standing = [...claiming].filter((visitor) => visitor.startsWith(USER_VISITOR))
    const isConcerned = (visitor: string) => claiming.has(visitor) && !standing.includes(visitor)
    await eraseUpTo(
      trx,
      standing.map((visitor) => ({ visitor, hash: tombstone(visitor), to: at, noted: now })),
    )
    const linked = await linkedVisitors(trx, { contacts, keys })
    const own = linked.own.filter(isConcerned)
    const ended = { site, consentId, at, receivedAt: now, source: 'cmp', policy: null } as const
    const withdrawals = own.map((visitor) => ({ hash: tombstone(visitor), ...ended }))
    await insertWithdrawals(trx, withdrawals)
    const spans = []
    for (const visitor of linked.shared.filter(isConcerned)) {
      spans.push(...(await cutOut(trx, visitor, { contacts, keys }, { tombstone, newId, now })))
    }
    if (spans.length > 0) await insertErasure(trx, { id: newId(), at: now, spans })
    await mark(trx, 'dirty_visitors', [...claiming])
  }
  await mark(trx, 'dirty_persons', contacts.map(contactPerson))
  await noteWorkedOff(trx, user)
}

async function takeNames(
  trx: Transaction<Database>,
  visitors: string[],
  { keys, at }: { keys: string[]; at: number },
  deps: Parameters<typeof unname>[2],
): Promise<void> {
  if (visitors.length === 0) return
  await unname(
    trx,
    visitors.map((visitor) => ({ visitor, until: at, keys })),
    deps,
  )
  await mark(trx, 'dirty_visitors', visitors)
}

async function contactsOf(trx: Transaction<Database>, keys: string[]): Promise<string[]> {
  const rows = []
  for (const part of chunks(keys, 500)) {
    rows.push(...(await trx.selectFrom('contact_keys').select('contact_id').where('key_hash', 'in', part).execute()))
  }
  return [...new Set(rows.map((row) => row.contact_id))].sort()
}

/** The visitors that claimed to be the user before then. */
async function claimingBefore(trx: Transaction<Database>, keys: string[], at: number): Promise<string[]> {
  const found = new Set<string>()
  for (const part of chunks(await visitorsOfKeys(trx, keys), 500)) {
    const rows = await trx
      .selectFrom('claims')
      .select('visitor_id')
      .where('visitor_id', 'in', part)
      .where('key_hash', 'in', keys)
      .where('at', '<=', at)
      .execute()
    for (const row of rows) found.add(row.visitor_id)
  }
  return [...found].sort()
}
