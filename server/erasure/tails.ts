/**
 * Removes the tail of an erasure on shared devices: events that landed while it ran or before it was derived, and the
 * events that continue the contact's period beyond its known end (`domain/erased-tail`). The tail becomes an erased span
 * too, so that the journals forget it, and later events are judged by the real end of the period.
 */
import type { Transaction } from 'kysely'
import { type ErasedStretch, isInside, tailStretches } from '../domain/erased-tail.ts'
import { byTimeThenId } from '../domain/event.ts'
import { policyOf, type Site } from '../domain/settings.ts'
import { insertTail, removeErased } from '../store/erased-spans.ts'
import type { Database } from '../store/schema.ts'
import type { VisitorFacts } from '../store/visitor-facts.ts'

/** Finds the periods of these visitors that must be erased in addition to their spans. */
export function tailsOf(
  visitors: VisitorFacts[],
  spansOf: Map<string, ErasedStretch[]>,
  site: (id: string) => Site,
): Map<string, ErasedStretch[]> {
  const tails = new Map<string, ErasedStretch[]>()
  for (const { visitorId, siteId, events, aged, claims } of visitors) {
    const spans = spansOf.get(visitorId) ?? []
    const moments = [...aged, ...events.filter(({ at }) => !isInside(at, spans))].sort(byTimeThenId)
    // A claim to be the erased contact does not end its period.
    const others = claims.filter(
      ({ at, holder }) => !isInside(at, spans) && !(holder.kind === 'contact' && holder.erased),
    )
    const { sessionMs } = policyOf(site(siteId).settings)
    const own = tailStretches(moments, new Set(others.map(({ id }) => id)), sessionMs, spans)
    if (own.length > 0) tails.set(visitorId, own)
  }
  return tails
}

/** Removes the erased spans and their tails. */
export async function removeSpansAndTails(
  trx: Transaction<Database>,
  spansOf: Map<string, ErasedStretch[]>,
  tails: Map<string, ErasedStretch[]>,
  { tombstone, now }: { tombstone: (visitorId: string) => string; now: () => number },
): Promise<void> {
  for (const [visitor, stretches] of tails) await insertTail(trx, visitor, tombstone(visitor), stretches, now())
  await removeErased(
    trx,
    new Map([...spansOf].map(([visitor, spans]) => [visitor, [...spans, ...(tails.get(visitor) ?? [])]])),
  )
}
