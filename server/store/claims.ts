/**
 * Loads the claims of visitors with everything that identity needs to weigh them: the contacts their identifiers name, the
 * other visitors that used their tokens or named their contacts, revoked tokens, and operators' verdicts. A claim that an
 * operator voided counts nowhere, neither as a use of a token nor towards a guard, as if it had never been made.
 */
import type { Kysely } from 'kysely'
import { byTimeThenId, type Evidence } from '../domain/event.ts'
import { isCrowded } from '../domain/guard.ts'
import type { Claim } from '../domain/identity-evidence.ts'
import { ofKeys } from './engine/many.ts'
import { loadHolders } from './holders.ts'
import type { ClaimKeyRow, ClaimRow, LinkActRow, TokenUseRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'

const selectClaims = ofKeys((db, visitorIds) =>
  db.selectFrom('claims').selectAll().where('visitor_id', 'in', visitorIds),
)
const selectActs = ofKeys((db, visitorIds) =>
  db.selectFrom('link_acts').selectAll().where('visitor_id', 'in', visitorIds).orderBy('at'),
)
const selectTokenUses = ofKeys((db, hashes) =>
  db.selectFrom('token_uses').selectAll().where('token_hash', 'in', hashes),
)
const selectNamings = ofKeys((db, keys) => db.selectFrom('claim_keys').selectAll().where('key_hash', 'in', keys))
const selectRevocations = ofKeys((db, values) =>
  db.selectFrom('revocations').select(['kind', 'value', 'at']).where('value', 'in', values),
)

/** The claims of each visitor that has any, sorted by time, then id. */
export async function loadClaims(db: Kysely<Database>, visitorIds: string[]): Promise<Map<string, Claim[]>> {
  const rows = await selectClaims(db, visitorIds)
  if (rows.length === 0) return new Map()
  const holders = await loadHolders(db, [...new Set(rows.map((row) => row.key_hash))])
  const keysOf = (row: ClaimRow) => holders.keysBeside(row.key_hash)
  const uses = await selectTokenUses(db, [...new Set(rows.flatMap((row) => row.token_hash ?? []))])
  const namings = await selectNamings(db, [...new Set(rows.flatMap(keysOf))])
  const acts = await loadActs(db, [
    ...new Set([...rows, ...uses, ...namings].map((row: { visitor_id: string }) => row.visitor_id)),
  ])
  const counted = await withoutVoided(db, acts, { uses, namings })
  const usersOf = Map.groupBy(counted.uses.sort(byUse), (use) => use.token_hash)
  const namingsOf = Map.groupBy(counted.namings, (naming) => naming.key_hash)
  const revoked = await loadRevocations(db, rows)
  const claims = rows.map((row): [string, Claim] => {
    const users = row.token_hash === null ? [] : (usersOf.get(row.token_hash) ?? []).map((use) => use.visitor_id)
    const claim: Claim = {
      id: row.id,
      at: row.at,
      receivedAt: row.received_at,
      request: row.request_id,
      evidence: row.evidence as Evidence,
      byServer: row.evidence === 'login_verified' && row.token_hash === null,
      holder: holders.of(row.key_hash),
      message: row.message,
      issuedAt: row.issued_at,
      usedBefore: Math.max(0, users.indexOf(row.visitor_id)),
      usedElsewhere: users.some((user) => user !== row.visitor_id),
      sharedAddress: holders.isShared(row.key_hash),
      revoked: revoked(row),
      crowded: isCrowded(
        row.visitor_id,
        keysOf(row).flatMap((key) => namingsOf.get(key) ?? []),
      ),
      act: acts.get(row.visitor_id)?.get(row.id) ?? null,
      cart: row.cart_id,
      order: row.order_id,
    }
    return [row.visitor_id, claim]
  })
  const byVisitor = new Map<string, Claim[]>()
  for (const [visitorId, claim] of claims) byVisitor.set(visitorId, [...(byVisitor.get(visitorId) ?? []), claim])
  for (const list of byVisitor.values()) list.sort(byTimeThenId)
  return byVisitor
}

const byUse = (a: TokenUseRow, b: TokenUseRow) => a.at - b.at || (a.visitor_id < b.visitor_id ? -1 : 1)

type Acts = Map<string, Map<string, 'void' | 'confirm'>>

/** The latest verdict of operators on each claim, by visitor and claim. */
async function loadActs(db: Kysely<Database>, visitorIds: string[]): Promise<Acts> {
  const acts: Acts = new Map()
  const rows: LinkActRow[] = await selectActs(db, visitorIds)
  for (const { visitor_id, claim_id, act } of rows.sort((a, b) => a.at - b.at)) {
    const own = acts.get(visitor_id) ?? new Map()
    acts.set(visitor_id, own)
    if (act === 'clear') own.delete(claim_id)
    else own.set(claim_id, act)
  }
  return acts
}

/** Token uses and namings of contacts as they would be without the voided claims. */
async function withoutVoided(
  db: Kysely<Database>,
  acts: Acts,
  { uses, namings }: { uses: TokenUseRow[]; namings: ClaimKeyRow[] },
): Promise<{ uses: TokenUseRow[]; namings: ClaimKeyRow[] }> {
  const touched = new Set([...acts].filter(([, own]) => [...own.values()].includes('void')).map(([visitor]) => visitor))
  if (touched.size === 0) return { uses, namings }
  const left = (await selectClaims(db, [...touched])).filter((row) => acts.get(row.visitor_id)?.get(row.id) !== 'void')
  const earliest = (rows: ClaimRow[], time: (row: ClaimRow) => number) => Math.min(...rows.map(time))
  return {
    uses: uses.flatMap((use) => {
      if (!touched.has(use.visitor_id)) return [use]
      const own = left.filter((row) => row.visitor_id === use.visitor_id && row.token_hash === use.token_hash)
      return own.length === 0 ? [] : [{ ...use, at: earliest(own, (row) => row.at) }]
    }),
    namings: namings.flatMap((naming) => {
      if (!touched.has(naming.visitor_id)) return [naming]
      const own = left.filter((row) => row.visitor_id === naming.visitor_id && row.key_hash === naming.key_hash)
      return own.length === 0 ? [] : [{ ...naming, received_at: earliest(own, (row) => row.received_at) }]
    }),
  }
}

/** Returns a predicate: was the claim's token, its message or its whole contact revoked before the claim was made? */
async function loadRevocations(db: Kysely<Database>, rows: ClaimRow[]): Promise<(row: ClaimRow) => boolean> {
  const names = (row: ClaimRow): [kind: string, value: string][] =>
    row.evidence !== 'email_click'
      ? []
      : [
          ['token', row.token_hash ?? ''],
          ['message', `${row.site_id} ${row.message}`],
          ['contact', row.key_hash],
        ]
  const values = [...new Set(rows.flatMap(names).map(([, value]) => value))]
  const since = new Map((await selectRevocations(db, values)).map(({ kind, value, at }) => [`${kind} ${value}`, at]))
  return (row) => names(row).some(([kind, value]) => (since.get(`${kind} ${value}`) ?? Infinity) <= row.at)
}
