/**
 * Loads the claims of visitors with everything that identity needs to weigh them: the contacts their identifiers name, the
 * other visitors that used their tokens or named their contacts, revoked tokens, and operators' verdicts. A claim that an
 * operator voided counts nowhere, neither as a use of a token nor towards a guard, as if it had never been made.
 */
import type { Kysely } from 'kysely'
import { byTimeThenId } from '../domain/event.ts'
import { byReceipt, GUARDED, isCrowded } from '../domain/guard.ts'
import { type Claim, COUNTED_USERS } from '../domain/identity-evidence.ts'
import { itemAt } from '../domain/lookup.ts'
import { lookUpNamings } from './claim-keys.ts'
import { ofKeys } from './engine/many.ts'
import { loadHolders } from './holders.ts'
import type { ClaimRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'
import { firstUses } from './token-uses.ts'
import { loadActs } from './voided-claims.ts'

const selectClaims = ofKeys((db, visitorIds) =>
  db.selectFrom('claims').selectAll().where('visitor_id', 'in', visitorIds),
)
const selectRevocations = ofKeys((db, values) =>
  db.selectFrom('revocations').select(['kind', 'value', 'at']).where('value', 'in', values),
)

/** A claim as it is stored: with the keyed identifier, which is empty once the claim names nobody any more. */
export type LoadedClaim = Claim & { key: string }

/** The claims of each visitor that has any, sorted by time, then id. */
export async function loadClaims(db: Kysely<Database>, visitorIds: string[]): Promise<Map<string, LoadedClaim[]>> {
  const rows = await selectClaims(db, visitorIds)
  if (rows.length === 0) return new Map()
  const holders = await loadHolders(db, [...new Set(rows.map((row) => row.key_hash))])
  const tokens = [...new Set(rows.flatMap((row) => row.token_hash ?? []))]
  const usesOf = await firstUses(db, tokens, COUNTED_USERS)
  const acts = await loadActs(db, [...new Set(rows.map((row) => row.visitor_id))])
  const actOn = (row: ClaimRow) => acts.get(row.visitor_id)?.get(row.id) ?? null
  const standing = rows.filter((row) => actOn(row) !== 'void')
  const crowded = await loadCrowded(db, standing, (row) => holders.keysBeside(row.key_hash))
  const revoked = await loadRevocations(db, rows)
  const byVisitor = new Map<string, LoadedClaim[]>()
  for (const row of rows) {
    const users = row.token_hash === null ? [] : (usesOf.get(row.token_hash) ?? []).map((use) => use.visitor_id)
    const claim: LoadedClaim = {
      id: row.id,
      key: row.key_hash,
      at: row.at,
      receivedAt: row.received_at,
      ...(row.consent_at === null ? {} : { consentAt: row.consent_at }),
      request: row.request_id,
      evidence: row.evidence,
      byServer: row.evidence === 'login_verified' && row.token_hash === null,
      holder: holders.of(row.key_hash),
      message: row.message,
      issuedAt: row.issued_at,
      usedBefore: users.length > 0 && users[0] !== row.visitor_id,
      users: users.length,
      sharedAddress: holders.isShared(row.key_hash),
      revoked: revoked(row),
      crowded: crowded.has(row),
      act: actOn(row),
      cart: row.cart_id,
      order: row.order_id,
    }
    const own = byVisitor.get(row.visitor_id)
    if (own) own.push(claim)
    else byVisitor.set(row.visitor_id, [claim])
  }
  for (const list of byVisitor.values()) list.sort(byTimeThenId)
  return byVisitor
}

/** The claims by which a visitor is one too many for a contact, by whichever of its identifiers it is named. */
async function loadCrowded(
  db: Kysely<Database>,
  standing: ClaimRow[],
  keysOf: (row: ClaimRow) => string[],
): Promise<Set<ClaimRow>> {
  const guarded = standing.filter((row) => GUARDED.includes(row.evidence))
  const crowded = new Set<ClaimRow>()
  const lookup = await lookUpNamings(db, guarded.flatMap(keysOf))
  const nameOf = (row: ClaimRow) => `${row.visitor_id} ${row.evidence} ${keysOf(row).sort().join(' ')}`
  for (const claims of Map.groupBy(guarded, nameOf).values()) {
    const first = itemAt(claims.sort(byReceipt), 0)
    const namings = await lookup.upTo({ ...first, keys: keysOf(first) })
    if (isCrowded(first, namings)) for (const claim of claims) crowded.add(claim)
  }
  return crowded
}

/** Returns a predicate: was the claim's token, its message or its whole contact revoked before the claim was received? */
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
  return (row) => names(row).some(([kind, value]) => (since.get(`${kind} ${value}`) ?? Infinity) <= row.received_at)
}
