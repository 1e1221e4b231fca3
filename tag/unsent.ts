/**
 * Events that were sent while the page was being left, and whose reply nobody saw. They stay in storage, under the
 * visitor and the consent they were made under, until a later page has seen a 2xx. Their ids are what keeps a resend
 * from counting twice, so a stored event is never changed. Only called under consent (see storage.ts).
 */
import { byteLength } from './envelope.ts'
import type { Lose } from './losses.ts'
import type { TagStorage } from './storage.ts'
import type { WireBatch, WireEvent } from './wire.ts'

/** Events with the visitor and the consent they go under; the site and the time of sending are added when sent. */
export type Batch = Omit<WireBatch, 'site' | 'sent_at'>

/** Browsers give a whole origin 5 MiB, and they are the shop's. */
export const UNSENT_BYTES = 100 * 1024

/** The stored batches, oldest first. */
export function createUnsent({ storage, lose }: { storage: TagStorage; lose: Lose }) {
  /** What another script or an older tag may have written there is dropped, for it would fail at every send. */
  const load = (): Batch[] => {
    const stored = storage.get<Batch[]>('unsent')
    return Array.isArray(stored) ? stored.filter((batch) => batch?.consent && Array.isArray(batch.events)) : []
  }

  /** The stored batches without these events, by id: several tabs and several pages write here. */
  const without = (events: WireEvent[]): Batch[] => {
    const gone = new Set(events.map((event) => event.id))
    return load()
      .map((batch) => ({ ...batch, events: batch.events.filter((event) => !gone.has(event.id)) }))
      .filter((batch) => batch.events.length)
  }

  const save = (batches: Batch[]) => (batches.length ? storage.set('unsent', batches) : storage.remove('unsent'))

  return {
    load,
    /** Stores a batch, or stores it again with what was added. Past the limit the older half goes until it fits. */
    keep(batch: Batch): void {
      const batches = [...without(batch.events), { ...batch }]
      while (byteLength(JSON.stringify(batches)) > UNSENT_BYTES) {
        const { events } = batches[0]!
        const half = Math.ceil(events.length / 2)
        lose('overflow', half, 'to store')
        batches[0]!.events = events.slice(half)
        if (events.length === half) batches.shift()
      }
      save(batches)
    },
    /** Takes events out that were acknowledged or given up. */
    forget(events: WireEvent[]): void {
      save(without(events))
    },
  }
}
