/**
 * What is still to go of devices on which somebody was erased: what was landed beside the erasure or before it was
 * derived, and what follows his time there as far as it was known (`domain/erased-tail`). That becomes an erased span too,
 * so that the journals forget it, and what comes later is judged by where his time really ended.
 */
import type { Transaction } from 'kysely'
import { type ErasedStretch, isInside, tailStretches } from '../domain/erased-tail.ts'
import { byTimeThenId } from '../domain/event.ts'
import { policyOf, type Site } from '../domain/settings.ts'
import { insertTail, removeErased } from '../store/erased-spans.ts'
import type { Database } from '../store/schema.ts'
import type { VisitorFacts } from '../store/visitor-facts.ts'

/** What of these visitors is to be erased beside their spans. */
export function tailsOf(
  visitors: VisitorFacts[],
  spansOf: Map<string, ErasedStretch[]>,
  site: (id: string) => Site,
): Map<string, ErasedStretch[]> {
  const tails = new Map<string, ErasedStretch[]>()
  for (const { visitorId, siteId, events, aged, claims } of visitors) {
    const spans = spansOf.get(visitorId) ?? []
    const moments = [...aged, ...events.filter(({ at }) => !isInside(at, spans))].sort(byTimeThenId)
    // A claim to be him ends nothing.
    const others = claims.filter(
      ({ at, holder }) => !isInside(at, spans) && !(holder.kind === 'contact' && holder.erased),
    )
    const { sessionMs } = policyOf(site(siteId).settings)
    const own = tailStretches(moments, new Set(others.map(({ id }) => id)), sessionMs, spans)
    if (own.length > 0) tails.set(visitorId, own)
  }
  return tails
}

/** Takes it away. */
export async function takeErased(
  trx: Transaction<Database>,
  spansOf: Map<string, ErasedStretch[]>,
  tails: Map<string, ErasedStretch[]>,
  tombstone: (visitorId: string) => string,
): Promise<void> {
  for (const [visitor, stretches] of tails) await insertTail(trx, visitor, tombstone(visitor), stretches)
  await removeErased(
    trx,
    new Map([...spansOf].map(([visitor, spans]) => [visitor, [...spans, ...(tails.get(visitor) ?? [])]])),
  )
}
