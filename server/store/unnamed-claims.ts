/**
 * Claims that name nobody any more, because their visitor has withdrawn consent to identity since. What is left of a claim is
 * when it was made, by what kind of evidence: no row ties the visitor to the contact, and the second keys by which others
 * find claims (`token_uses`, `claim_keys`) are those of the claims that still name somebody.
 */
import type { Kysely, Transaction } from 'kysely'
import { isBefore } from '../domain/identity-evidence.ts'
import { namingsOf } from './claim-keys.ts'
import { deleteDeadLetter, insertDeadLetter } from './dead-letters.ts'
import { dependentsOf } from './dependents.ts'
import { chunks, ofKeys } from './engine/many.ts'
import { insertErasures } from './erasures.ts'
import { encodeJson } from './schema/columns.ts'
import type { ClaimKeyRow, TokenUseRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'
import { keepSpentLogins, usesOf } from './token-uses.ts'
import { remakeSecondKeys } from './voided-claims.ts'
import { mark } from './work/dirty.ts'
import { lockNamed } from './work/locks.ts'

/** A visitor whose claims up to `until` name nobody any more; with `keys` only those by these identifiers. */
export type Unnaming = { visitor: string; until: number; keys?: string[] }

/** The identifier of a claim that names nobody. */
export const NOBODY = ''

const selectClaims = ofKeys((db, visitorIds) =>
  db
    .selectFrom('claims')
    .select(['visitor_id', 'id', 'at', 'received_at', 'key_hash', 'evidence', 'token_hash', 'network', 'consent_at'])
    .where('visitor_id', 'in', visitorIds),
)

/** The claims that must lose their names, and the second keys that no claim of the visitors backs any more as they are. */
export async function findNamed(db: Kysely<Database>, unnamings: Unnaming[]) {
  const visitors = unnamings.map(({ visitor }) => visitor)
  const byVisitor = new Map(unnamings.map((each) => [each.visitor, each]))
  const claims = (await selectClaims(db, visitors)).filter((claim) => claim.key_hash !== NOBODY)
  const ends = (claim: (typeof claims)[number]) => {
    const { until = 0, keys } = byVisitor.get(claim.visitor_id) ?? {}
    const isOlder =
      keys === undefined ? isBefore({ at: claim.at, consentAt: claim.consent_at }, until) : claim.at <= until
    return isOlder && (keys === undefined || keys.includes(claim.key_hash))
  }
  const kept = claims.filter((claim) => !ends(claim))
  // Of several claims the first one counts, so a key that a later claim backs too may have the time of one that ends.
  const nameOf = (row: ClaimKeyRow) =>
    `${row.visitor_id} ${row.key_hash} ${row.evidence} ${row.received_at} ${row.network}`
  const useOf = (row: Pick<TokenUseRow, 'visitor_id' | 'received_at'> & { token_hash: string | null }) =>
    `${row.visitor_id} ${row.token_hash} ${row.received_at}`
  const named = new Set(kept.map(nameOf))
  const used = new Set(kept.map(useOf))
  const namings = (await namingsOf(db, visitors)).filter((row) => !named.has(nameOf(row)))
  const uses = (await usesOf(db, visitors)).filter((row) => !used.has(useOf(row)))
  return { claims: claims.filter(ends), namings, uses }
}

/** Takes the names out of claims, dead letters and, by a note to their collectors, the journals. */
export async function unname(
  trx: Transaction<Database>,
  unnamings: Unnaming[],
  { tombstone, now }: { tombstone: (visitorId: string) => string; now: number },
): Promise<void> {
  const before = await findNamed(trx, unnamings)
  const keys = [...new Set(before.namings.map((row) => row.key_hash))]
  await lockNamed(trx, keys, [...new Set(before.uses.map((row) => row.token_hash))])
  const others = await dependentsOf(trx, before)
  for (const [visitor, own] of Map.groupBy(before.claims, (claim) => claim.visitor_id)) {
    for (const part of chunks(
      own.map((claim) => claim.id),
      500,
    )) {
      await trx
        .updateTable('claims')
        .set({ key_hash: NOBODY, token_hash: null, message: null, issued_at: null, network: null })
        .set({ kid: null, iat: null, exp: null, cart_id: null, order_id: null })
        .where('visitor_id', '=', visitor)
        .where('id', 'in', part)
        .execute()
    }
  }
  await remakeSecondKeys(trx, before)
  await keepSpentLogins(trx, before.uses)
  for (const { visitor, until } of unnamings) {
    await unnameLetters(trx, visitor, until)
  }
  await insertErasures(
    trx,
    unnamings.map(({ visitor, until: to, keys }) => {
      const hash = tombstone(visitor)
      const spans = encodeJson([{ visitor: hash, from: 0, to, only: 'claims' as const, ...(keys ? { keys } : {}) }])
      return { id: `unnamed-${hash}-${to}-${now}`, at: now, spans }
    }),
  )
  const visitors = new Set(unnamings.map(({ visitor }) => visitor))
  await mark(
    trx,
    'dirty_visitors',
    others.filter((id) => !visitors.has(id)),
  )
}

type Letter = { consent?: { at?: unknown }; events?: { at?: unknown; claim?: unknown }[] }

/** Takes the claims out of a visitor's dead letters. */
async function unnameLetters(trx: Transaction<Database>, visitor: string, until: number): Promise<void> {
  const letters = await trx.selectFrom('dead_letters').selectAll().where('visitor_id', '=', visitor).execute()
  for (const letter of letters) {
    const entry = JSON.parse(letter.body) as Letter
    if (!Array.isArray(entry.events)) continue
    const isUntil = (at: unknown) => typeof at === 'number' && at <= until
    const isStale = isUntil(entry.consent?.at)
    const events = entry.events.map((event) => (isStale || isUntil(event?.at) ? { ...event, claim: undefined } : event))
    if (!(await deleteDeadLetter(trx, letter))) continue
    await insertDeadLetter(trx, { ...letter, body: JSON.stringify({ ...entry, events }) })
  }
}
