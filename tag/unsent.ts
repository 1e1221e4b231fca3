/**
 * Events that were sent while the page was being left, and whose reply was never seen. They stay in storage, under the
 * visitor and the consent they were made under, until a later page sees a 2xx. Their ids keep a resend from counting
 * twice, so a stored event is never changed. Only called under consent (see storage.ts).
 */
import { byteLength } from './envelope.ts'
import { quickJson } from './json.ts'
import type { Lose } from './losses.ts'
import type { Batch, TagStorage } from './storage.ts'
import type { WireEvent } from './wire.ts'

/** Browsers give a whole origin 5 MiB, which belong to the shop. */
export const UNSENT_BYTES = 100 * 1024

/** The stored batches, oldest first. */
export function createUnsent({ storage, lose }: { storage: TagStorage; lose: Lose }) {
  /** Drops what another script or an older tag may have written, because it would fail on every send. */
  const load = (): Batch[] => {
    const stored = storage.get<Batch[]>('unsent')
    return Array.isArray(stored) ? stored.filter((batch) => batch?.consent && Array.isArray(batch.events)) : []
  }

  /** The stored batches without these events, by id: several tabs and pages write here. */
  const without = (events: WireEvent[]): Batch[] => {
    const gone = new Set(events.map((event) => event.id))
    return load()
      .map((batch) => ({ ...batch, events: batch.events.filter((event) => !gone.has(event.id)) }))
      .filter((batch) => batch.events.length)
  }

  const save = (batches: Batch[]) => (batches.length ? storage.set('unsent', batches) : storage.remove('unsent'))

  return {
    load,
    /** Stores a batch, or updates it. Past the limit, the older half of the oldest batch goes until the rest fits. */
    keep(batch: Batch): void {
      const batches = [...without(batch.events), { ...batch }]
      while (byteLength(quickJson(batches)) > UNSENT_BYTES) {
        const { events } = batches[0]!
        const half = Math.ceil(events.length / 2)
        lose('overflow', half, 'to store')
        batches[0]!.events = events.slice(half)
        if (events.length === half) batches.shift()
      }
      save(batches)
    },
    /** Removes events that were acknowledged or given up. */
    forget(events: WireEvent[]): void {
      save(without(events))
    },
  }
}
