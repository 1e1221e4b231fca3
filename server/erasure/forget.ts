/**
 * Forgetting: removes erased and withdrawn data from this process's journal, which would otherwise keep it until it is
 * pruned, and land it again after a restore. An erasure or withdrawal is done here once everything that the journal held when
 * it was first seen has landed and been searched. That is noted in the store, which shows when every collector is done. What
 * has expired is removed here too: the feed's erasure notices, and the notes of erasures that no journal needs any more.
 *
 * Landing removes what arrives later, row by row (`removeErased`): data of retired visitors and of erased spans.
 */

import type { Kysely } from 'kysely'
import type { Entry, StampedEvent } from '../domain/event.ts'
import { mustGet } from '../domain/lookup.ts'
import { removeErasureNotices } from '../store/erasure-notices.ts'
import { forgottenErasures, noteForgotten, pendingErasures, removeOldErasures } from '../store/erasures.ts'
import type { ErasedSpan } from '../store/schema/erasure.ts'
import type { Database } from '../store/schema.ts'
import { createPlaces } from './places.ts'

/** The part of the journal that forgetting uses. */
export type ForgetJournal = {
  identity(): { journalId: string; newest: number; oldest: number }
  /** Rows after an id, with about `maxEvents` events. */
  read(after: number, maxEvents: number): { id: number; body: string; events: number }[]
}

/** The new content of a row. */
export type Rewritten = { id: number; body: string; events: number }

/** What forgetting needs. `rewrite` resolves when the rows are on disk, and refuses any journal but `journalId`. */
export type ForgetDeps = {
  db: Kysely<Database>
  journal: ForgetJournal
  tombstone: (visitorId: string) => string
  rewrite: (journalId: string, rows: Rewritten[]) => Promise<void>
  /** A monotonic clock for measuring, and the wall clock. */
  now: () => number
  at: () => number
}

/** Removes erased data from the journal. `step` does what is due, and returns whether it found work. */
export type Forgetting = {
  step(landed: number): Promise<boolean>
  /** Removes the spans' data from these rows at once. If that throws, a later step searches all rows for it. */
  removeErased(journalId: string, rows: Rewritten[], spans: ErasedSpan[]): Promise<void>
}

/** How often the store is checked for new erasures and withdrawals. */
const LOOK_EVERY_MS = 1000

/** Most checks look at what is newer than this. A look at all finds what another process noted late, or by another clock. */
const RECENT_MS = 10 * 60_000
const LOOK_AT_ALL_EVERY_MS = 30_000

/** How many events of the journal are searched at once, which takes some tens of milliseconds. */
const EVENTS = 2000

/** Creates forgetting, which remembers how far the journal must have landed for each erasure. */
export function createForgetting({ db, journal, tombstone, rewrite, now, at }: ForgetDeps): Forgetting {
  let lookAt = Number.NEGATIVE_INFINITY
  let lookAtAllAt = Number.NEGATIVE_INFINITY
  const targets = new Map<string, number>()
  const places = createPlaces(journal, tombstone)
  /** The erasures that this journal has carried out; null until they are read. */
  let done: { of: string; ids: Set<string> } | null = null
  /** Spans that could not be removed when their rows landed. */
  const late = new Map<string, ErasedSpan>()

  const rewriteRows = async (journalId: string, rows: Rewritten[], spans: Map<string, ErasedSpan[]>) => {
    const rewritten = rows.flatMap((row) => without(row, spans, tombstone) ?? [])
    if (rewritten.length > 0) await rewrite(journalId, rewritten)
  }

  /** Removes spans from the rows that name their visitors. */
  const search = async (journalId: string, landed: number, all: ErasedSpan[]) => {
    const spans = byVisitor(all)
    let rows: Rewritten[] = []
    let events = 0
    for (const id of places.rowsOf(spans.keys())) {
      // A row that was pruned meanwhile is skipped, and the one after it does no harm.
      const [row] = journal.read(id - 1, 1)
      if (row === undefined || row.id > landed) continue
      rows.push(row)
      events += row.events
      if (events < EVENTS) continue
      await rewriteRows(journalId, rows, spans)
      rows = []
      events = 0
    }
    await rewriteRows(journalId, rows, spans)
  }

  /** What this journal has not carried out, with how far it must have landed for each. */
  const pending = async (journalId: string, newest: number) => {
    const all = now() >= lookAtAllAt
    if (all) lookAtAllAt = now() + LOOK_AT_ALL_EVERY_MS
    await removeErasureNotices(db, at())
    if (done?.of !== journalId) done = { of: journalId, ids: new Set(await forgottenErasures(db, journalId)) }
    if (all) for (const id of await removeOldErasures(db, at(), done.ids)) done.ids.delete(id)
    const erasures = await pendingErasures(db, all ? 0 : at() - RECENT_MS, done.ids)
    for (const { id } of erasures) if (!targets.has(id)) targets.set(id, newest)
    return { erasures, carriedOut: done.ids }
  }

  return {
    async removeErased(journalId, rows, spans) {
      try {
        await rewriteRows(journalId, rows, byVisitor(spans))
      } catch (error) {
        for (const span of spans) late.set(JSON.stringify(span), span)
        throw error
      }
    },

    async step(landed) {
      const { journalId, newest, oldest } = journal.identity()
      const isBehind = places.follow(landed, oldest)
      if (isBehind || now() < lookAt) return isBehind
      lookAt = now() + LOOK_EVERY_MS
      const { erasures, carriedOut } = await pending(journalId, newest)
      const due = erasures.filter(({ id }) => Math.min(landed, places.position()) >= mustGet(targets, id))
      if (due.length === 0 && late.size === 0) return false
      await search(journalId, landed, [...due.flatMap((erasure) => erasure.spans), ...late.values()])
      late.clear()
      const ids = due.map(({ id }) => id)
      if (ids.length === 0) return true
      await noteForgotten(db, journalId, ids, at())
      for (const id of ids) {
        carriedOut.add(id)
        targets.delete(id)
      }
      return true
    },
  }
}

function byVisitor(spans: ErasedSpan[]): Map<string, ErasedSpan[]> {
  return Map.groupBy(spans, (span) => span.visitor)
}

/** A row without the spans' data; null if it has none. */
function without(
  row: Rewritten,
  spans: Map<string, ErasedSpan[]>,
  tombstone: (visitorId: string) => string,
): Rewritten | null {
  const entries = entriesOf(row.body)
  if (entries === null) return null
  let changed = false
  const kept = entries.flatMap((entry) => {
    const own = typeof entry.visitor === 'string' ? spans.get(tombstone(entry.visitor)) : undefined
    if (own === undefined) return entry
    if (own.some(({ from }) => from === null)) {
      changed = true
      return []
    }
    const around = (at: number) => own.filter(({ from, to }) => from !== null && to !== null && at >= from && at <= to)
    // A page that knew only of an earlier choice than the one that took its names away.
    const isStale = own.some((span) => span.only !== undefined && !span.keys && entry.consent.at <= (span.to ?? 0))
    const left = entry.events.filter(({ at }) => around(at).every((span) => span.only !== undefined))
    const events = left.map((event): StampedEvent => {
      const { claim, ...nameless } = event
      if (claim === undefined) return event
      return isStale || around(event.at).some(({ keys }) => keys === undefined || keys.includes(claim.key))
        ? nameless
        : event
    })
    if (events.length === entry.events.length && events.every((event, i) => event === left[i])) return entry
    changed = true
    // An entry without events still holds the device's consent choice.
    return { ...entry, events }
  })
  if (!changed) return null
  return { id: row.id, body: JSON.stringify(kept), events: kept.reduce((sum, entry) => sum + entry.events.length, 0) }
}

/** The entries of a row; null if it cannot be parsed, which made it a dead letter. */
function entriesOf(body: string): Entry[] | null {
  try {
    return JSON.parse(body) as Entry[]
  } catch {
    return null
  }
}
