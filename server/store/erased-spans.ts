/**
 * The spans of time in which an erased contact used a device that others use too. Nothing the device did in these spans
 * is kept: landing skips late arrivals, and deriving removes what was landed by a process that could not see the erasure
 * yet, or what turns out to continue the contact's time. The rows stay, as tombstones do.
 */
import type { Kysely, Transaction } from 'kysely'
import { ERASED_END, type ErasedStretch, isInside } from '../domain/erased-tail.ts'
import { deleteNaming, namingsOf } from './claim-keys.ts'
import { dependentsOf } from './dependents.ts'
import { chunks, ofKeys, ofRows } from './engine/many.ts'
import { insertErasure } from './erasures.ts'
import { deleteOfVisitor } from './rows.ts'
import type { ClaimKeyRow } from './schema/visitors.ts'
import type { Database } from './schema.ts'
import { MOMENT_COLUMNS } from './tables.ts'
import { mark } from './work/dirty.ts'
import { lockNamed } from './work/locks.ts'

type Row = Database['erased_spans']

const upsertSpans = ofRows((db, rows: Row[]) =>
  db
    .insertInto('erased_spans')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing()),
)
const selectSpans = ofKeys((db, hashes) =>
  db.selectFrom('erased_spans').selectAll().where('visitor_hash', 'in', hashes),
)

/** Inserts spans; existing ones are kept. */
export async function insertErasedSpans(trx: Transaction<Database>, rows: Row[]): Promise<void> {
  const keyOf = (row: Row) => [row.visitor_hash, row.from_at, row.to_at] as const
  const unique = new Map(rows.map((row) => [keyOf(row).join(' '), row]))
  const sorted = [...unique.values()].sort((a, b) => {
    return a.visitor_hash < b.visitor_hash
      ? -1
      : a.visitor_hash > b.visitor_hash
        ? 1
        : a.from_at - b.from_at || a.to_at - b.to_at
  })
  await upsertSpans(trx, sorted)
}

/** The spans of visitors, by their keyed hashes; visitors without spans have no entry. */
export async function findErasedSpans(db: Kysely<Database>, hashes: string[]): Promise<Map<string, ErasedStretch[]>> {
  const spans = new Map<string, ErasedStretch[]>()
  for (const { visitor_hash, from_at, to_at, erased_at } of await selectSpans(db, hashes)) {
    const own = spans.get(visitor_hash)
    const span = { from: from_at, to: to_at, erasedAt: erased_at }
    if (own) own.push(span)
    else spans.set(visitor_hash, [span])
  }
  return spans
}

/** Adds stretches that continue a visitor's spans: the spans now end with them, and journals have to remove them too. */
export async function insertTail(
  trx: Transaction<Database>,
  visitor: string,
  hash: string,
  stretches: ErasedStretch[],
  now: number,
): Promise<void> {
  await insertErasedSpans(
    trx,
    stretches.map(({ from, to, erasedAt }) => {
      return { visitor_hash: hash, from_at: from, to_at: to, erased_at: erasedAt }
    }),
  )
  for (const { from, to } of stretches) {
    await insertErasure(trx, { id: `${hash}-${from}-${to}`, at: now, spans: [{ visitor: hash, from, to }] })
    await trx
      .insertInto('aged_moments')
      .values({ visitor_id: visitor, id: `${ERASED_END}${from}-${to}`, type: 'reset', at: to })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
}

/** Deletes what visitors did in their spans, and marks other visitors whose claims are affected by that. */
export async function removeErased(trx: Transaction<Database>, spansOf: Map<string, ErasedStretch[]>): Promise<void> {
  const events: [string, string[]][] = []
  const claims: [string, string[]][] = []
  const namings: ClaimKeyRow[] = []
  for (const [visitor, spans] of [...spansOf].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const own = await eventsInside(trx, visitor, spans)
    if (own.length > 0) events.push([visitor, own])
    const made = await trx
      .selectFrom('claims')
      .select(['id', 'at', 'key_hash', 'evidence'])
      .where('visitor_id', '=', visitor)
      .execute()
    const [inside, kept] = [made.filter(({ at }) => isInside(at, spans)), made.filter(({ at }) => !isInside(at, spans))]
    if (inside.length === 0) continue
    claims.push([visitor, inside.map(({ id }) => id)])
    const namingOf = (row: { key_hash: string; evidence: string }) => `${row.key_hash} ${row.evidence}`
    const [gone, named] = [new Set(inside.map(namingOf)), new Set(kept.map(namingOf))]
    for (const naming of await namingsOf(trx, [visitor])) {
      if (gone.has(namingOf(naming)) && !named.has(namingOf(naming))) namings.push(naming)
    }
  }
  await lockNamed(trx, [...new Set(namings.map((naming) => naming.key_hash))], [])
  const others = await dependentsOf(trx, { uses: [], namings })
  for (const [visitor, ids] of [...events, ...claims]) await removeMoments(trx, visitor, ids)
  for (const naming of namings) await deleteNaming(trx, naming)
  await mark(
    trx,
    'dirty_visitors',
    others.filter((id) => !spansOf.has(id)),
  )
}

/** Deletes everything of a visitor under these ids: events, orders, and claims with their verdicts. */
export async function removeMoments(trx: Transaction<Database>, visitor: string, ids: string[]): Promise<void> {
  await deleteOfVisitor(trx, MOMENT_COLUMNS, visitor, ids)
}

async function eventsInside(trx: Transaction<Database>, visitor: string, spans: ErasedStretch[]): Promise<string[]> {
  const ids: string[] = []
  for (const part of chunks(spans, 100)) {
    const rows = await trx
      .selectFrom('events')
      .select('id')
      .where('visitor_id', '=', visitor)
      .where((eb) => eb.or(part.map(({ from, to }) => eb.between('at', from, to))))
      .execute()
    ids.push(...rows.map((row) => row.id))
  }
  return [...new Set(ids)]
}
