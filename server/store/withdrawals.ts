/** Full withdrawals: each is kept as proof, a tombstone keeps its visitor out, and the journals remove what it left. */
import { sql, type Transaction } from 'kysely'
import type { ConsentSource } from '../../tag/wire.ts'
import { inKeyOrder, ofRows } from './engine/many.ts'
import { insertErasures } from './erasures.ts'
import { blankExamples } from './quality.ts'
import { encodeJson } from './schema/columns.ts'
import type { Database } from './schema.ts'

/** A full withdrawal: the visitor's keyed hash, the site, the choice, its time and when it was received. */
export type Withdrawal = {
  hash: string
  site: string
  consentId: string
  at: number
  receivedAt: number
  source: ConsentSource | null
  policy: string | null
}

const upsertTombstones = ofRows((db, rows: Database['tombstones'][]) =>
  db
    .insertInto('tombstones')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .column('hash')
        .doUpdateSet((eb) => ({ at: eb.ref('excluded.at') }))
        .whereRef('excluded.at', '<', 'tombstones.at'),
    ),
)

const upsertProofs = ofRows((db, rows: Database['withdrawals'][]) =>
  db
    .insertInto('withdrawals')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['visitor_hash', 'consent_id'])
        .doUpdateSet((eb) => ({
          at: eb.ref('excluded.at'),
          site_id: eb.ref('excluded.site_id'),
          source: eb.ref('excluded.source'),
          policy: eb.ref('excluded.policy'),
        }))
        .where(sql<boolean>`(excluded.at, excluded.site_id) < (withdrawals.at, withdrawals.site_id)`),
    ),
)

/** Records full withdrawals. To land one again changes nothing. */
export async function insertWithdrawals(trx: Transaction<Database>, withdrawals: Withdrawal[]): Promise<void> {
  if (withdrawals.length === 0) return
  const tombstones = new Map<string, Database['tombstones']>()
  const proofs = new Map<string, Database['withdrawals']>()
  for (const { hash, site, consentId, at, source, policy } of withdrawals) {
    const tombstone = tombstones.get(hash)
    if (!tombstone || at < tombstone.at) tombstones.set(hash, { hash, kind: 'visitor', at })
    const key = `${hash} ${consentId}`
    const proof = proofs.get(key)
    if (!proof || at < proof.at || (at === proof.at && site < proof.site_id)) {
      proofs.set(key, { visitor_hash: hash, site_id: site, consent_id: consentId, at, source, policy })
    }
  }
  await upsertTombstones(trx, inKeyOrder([...tombstones.values()], 'hash', 'hash'))
  await upsertProofs(trx, inKeyOrder([...proofs.values()], 'visitor_hash', 'consent_id'))
  await blankExamples(trx, [...tombstones.keys()])
  const noted = new Map(
    withdrawals.map(({ hash, receivedAt }) => [`withdrawn-${hash}-${receivedAt}`, { hash, receivedAt }]),
  )
  await insertErasures(
    trx,
    [...noted].map(([id, { hash, receivedAt }]) => {
      return { id, at: receivedAt, spans: encodeJson([{ visitor: hash, from: null, to: null }]) }
    }),
  )
}
