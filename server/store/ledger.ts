/**
 * The ledger of choices, as proof of consent: what visitors chose, and the full withdrawals, of which only the visitor's keyed
 * hash is left. In the order of time.
 */
import { type Kysely, sql } from 'kysely'
import type { WithdrawalRow } from './schema/erasure.ts'
import type { ConsentRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'

/** Whose choices are read, with the keyed hashes of those visitors; null for everybody's. Times are inclusive and exclusive. */
export type LedgerFilter = {
  visitors: { ids: string[]; hashes: string[] } | null
  from: number | null
  to: number | null
}

/** How far each kind of row has been read. */
export type LedgerPosition = {
  choice: [at: number, visitor: string, id: string, state: string] | null
  withdrawal: [at: number, hash: string, id: string] | null
}

/** A row of the ledger. */
export type LedgerRow = { kind: 'choice'; row: ConsentRow } | { kind: 'withdrawal'; row: WithdrawalRow }

/** Up to `limit` rows after a position, the position after them, and whether there are more. */
export async function readLedger(
  db: Kysely<Database>,
  filter: LedgerFilter,
  position: LedgerPosition,
  limit: number,
): Promise<{ rows: LedgerRow[]; position: LedgerPosition; more: boolean }> {
  const choices = (await readChoices(db, filter, position.choice, limit + 1)).map((row) => ({
    kind: 'choice' as const,
    at: row.first_at,
    row,
  }))
  const withdrawals = (await readWithdrawals(db, filter, position.withdrawal, limit + 1)).map((row) => ({
    kind: 'withdrawal' as const,
    at: row.at,
    row,
  }))
  const rows = [...choices, ...withdrawals].sort((a, b) => a.at - b.at).slice(0, limit)
  const next = { ...position }
  for (const each of rows) {
    if (each.kind === 'choice') {
      const { first_at, visitor_id, id } = each.row
      next.choice = [first_at, visitor_id, id, stateOf(each.row)]
    } else next.withdrawal = [each.row.at, each.row.visitor_hash, each.row.consent_id]
  }
  return { rows, position: next, more: choices.length + withdrawals.length > limit }
}

function stateOf({ analytics, identity, marketing }: ConsentRow): string {
  return `${analytics}${identity}${marketing}`
}

async function readChoices(
  db: Kysely<Database>,
  { visitors, from, to }: LedgerFilter,
  after: LedgerPosition['choice'],
  limit: number,
): Promise<ConsentRow[]> {
  if (visitors !== null && visitors.ids.length === 0) return []
  let query = db
    .selectFrom('consents')
    .selectAll()
    .orderBy('first_at')
    .orderBy('visitor_id')
    .orderBy('id')
    .orderBy('analytics')
    .orderBy('identity')
    .orderBy('marketing')
    .limit(limit)
  if (visitors !== null) query = query.where('visitor_id', 'in', visitors.ids)
  if (from !== null) query = query.where('first_at', '>=', from)
  if (to !== null) query = query.where('first_at', '<', to)
  if (after !== null) {
    const [at, visitor, id, state] = after
    const flags = [...state].map(Number)
    query = query.where(
      sql<boolean>`(first_at, visitor_id, id, analytics, identity, marketing) > (${at}, ${visitor}, ${id}, ${flags[0]}, ${flags[1]}, ${flags[2]})`,
    )
  }
  return query.execute()
}

async function readWithdrawals(
  db: Kysely<Database>,
  { visitors, from, to }: LedgerFilter,
  after: LedgerPosition['withdrawal'],
  limit: number,
): Promise<WithdrawalRow[]> {
  if (visitors !== null && visitors.hashes.length === 0) return []
  let query = db
    .selectFrom('withdrawals')
    .selectAll()
    .orderBy('at')
    .orderBy('visitor_hash')
    .orderBy('consent_id')
    .limit(limit)
  if (visitors !== null) query = query.where('visitor_hash', 'in', visitors.hashes)
  if (from !== null) query = query.where('at', '>=', from)
  if (to !== null) query = query.where('at', '<', to)
  if (after !== null) {
    query = query.where(sql<boolean>`(at, visitor_hash, consent_id) > (${after[0]}, ${after[1]}, ${after[2]})`)
  }
  return query.execute()
}
