/** Carries withdrawals and erasures over to an older copy of the store before it is used again. */
import type { Kysely, Transaction } from 'kysely'
import { DELETED_SITE, deleteSite, saveRemoval } from '../store/deleted-sites.ts'
import { chunks, chunksOf } from '../store/engine/many.ts'
import { transact } from '../store/engine/transact.ts'
import { insertErasedSpans } from '../store/erased-spans.ts'
import { insertFacts } from '../store/facts.ts'
import { blankExamples } from '../store/quality.ts'
import type { Database } from '../store/schema.ts'
import { erasedIds } from '../store/tombstones.ts'
import { mark } from '../store/work/dirty.ts'
import { type EraseDeps, eraseContact } from './erase.ts'

/**
 * Tombstones, the proofs of withdrawals, the erased spans of shared devices, the deleted sites, the users whose consent a server
 * ended, and the choices of visitors that have withdrawn identity.
 */
export type Withdrawn = {
  tombstones: Database['tombstones'][]
  withdrawals: Database['withdrawals'][]
  spans: Database['erased_spans'][]
  sites: string[]
  users: Database['ended_users'][]
  choices: Database['consents'][]
}

/** How many visitors or contacts are read at once. */
const PAGE = 5000

/** The choices of visitors whose claims have lost the names in them. */
const CHOICES = "select * from consents where visitor_id in (select visitor_id from claims where key_hash = '')"

/** Reads them from a store, which may have an older schema. */
export function readWithdrawn(query: (sql: string) => unknown[]): Withdrawn {
  const hasSpans = query("select 1 from sqlite_master where name = 'erased_spans'").length > 0
  const hasSource = query("select 1 from pragma_table_info('withdrawals') where name = 'source'").length > 0
  const choice = hasSource ? 'source, policy' : 'null as source, null as policy'
  const hasUsers = query("select 1 from sqlite_master where name = 'ended_users'").length > 0
  return {
    tombstones: query('select hash, kind, at from tombstones') as Withdrawn['tombstones'],
    withdrawals: query(
      `select visitor_hash, site_id, consent_id, at, ${choice} from withdrawals`,
    ) as Withdrawn['withdrawals'],
    sites: query(`select name from meta where name like '${DELETED_SITE}%'`).map((row) =>
      (row as { name: string }).name.slice(DELETED_SITE.length),
    ),
    users: (hasUsers ? query('select * from ended_users') : []) as Withdrawn['users'],
    choices: (hasUsers ? query(CHOICES) : []) as Withdrawn['choices'],
    spans: (hasSpans ? query('select * from erased_spans') : []) as Withdrawn['spans'],
  }
}

/** Adds them to a store, and marks the visitors whose data must go. Returns how many of these go entirely. */
export async function markWithdrawn(
  db: Kysely<Database>,
  withdrawn: Withdrawn,
  tombstoneOf: (visitorId: string) => string,
  at: number,
): Promise<number> {
  await transact(db, async (trx) => {
    for (const rows of chunksOf(withdrawn.tombstones)) {
      await trx
        .insertInto('tombstones')
        .values(rows)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }
    for (const rows of chunksOf(withdrawn.withdrawals)) {
      await trx
        .insertInto('withdrawals')
        .values(rows)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }
    await blankExamples(
      trx,
      withdrawn.tombstones.map(({ hash }) => hash),
    )
    await insertErasedSpans(trx, withdrawn.spans)
    for (const rows of chunksOf(withdrawn.users.map((user) => ({ ...user, waits: 1 as const })))) {
      await trx
        .insertInto('ended_users')
        .values(rows)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }
    await addChoices(trx, withdrawn.choices)
    for (const site of withdrawn.sites) {
      // A copy from before the site was made has none to delete, but entries of the journal may still come.
      const removal = await deleteSite(trx, site, at)
      if (removal === null) await saveRemoval(trx, site, { at, after: '', visitors: 0, total: 0 })
    }
  })
  const hashes = new Set(withdrawn.tombstones.map((row) => row.hash))
  const shared = new Set(withdrawn.spans.map((row) => row.visitor_hash))
  let retired = 0
  for (let after = ''; hashes.size + shared.size > 0; ) {
    const rows = await db
      .selectFrom('consents')
      .select('visitor_id')
      .distinct()
      .where('visitor_id', '>', after)
      .orderBy('visitor_id')
      .limit(PAGE)
      .execute()
    const last = rows.at(-1)
    if (last === undefined) break
    const touched: string[] = []
    for (const { visitor_id } of rows) {
      const hash = tombstoneOf(visitor_id)
      if (hashes.has(hash)) retired++
      if (hashes.has(hash) || shared.has(hash)) touched.push(visitor_id)
    }
    for (const part of chunks(touched, 500)) await mark(db, 'dirty_visitors', part)
    after = last.visitor_id
  }
  return retired
}

/** Adds the choices of visitors that the copy knows: it will forget whom their claims named when it derives them. */
async function addChoices(trx: Transaction<Database>, choices: Database['consents'][]): Promise<void> {
  for (const part of chunks(choices, 500)) {
    const visitors = [...new Set(part.map((row) => row.visitor_id))].sort()
    const rows = await trx.selectFrom('consents').select('visitor_id').where('visitor_id', 'in', visitors).execute()
    const known = new Set(rows.map((row) => row.visitor_id))
    const nothing = { events: [], claims: [], tokenUses: [], claimKeys: [], devices: [], orders: [] }
    const consents = part.filter((row) => known.has(row.visitor_id))
    await insertFacts(trx, { ...nothing, consents })
    await mark(trx, 'dirty_visitors', [...known])
  }
}

/** Erases the contacts of an older copy that were erased since it was made. */
export async function eraseAgain(db: Kysely<Database>, deps: EraseDeps): Promise<void> {
  for (let after = ''; ; ) {
    const page = db.selectFrom('contacts').select('contact_id').where('contact_id', '>', after)
    const rows = await page.where('erased_at', 'is', null).orderBy('contact_id').limit(PAGE).execute()
    const last = rows.at(-1)
    if (last === undefined) return
    const ids = rows.map((row) => row.contact_id)
    for (const id of await erasedIds(db, ids, deps.keysOf)) await transact(db, (trx) => eraseContact(trx, id, deps))
    after = last.contact_id
  }
}
