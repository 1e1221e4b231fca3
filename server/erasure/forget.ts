/**
 * Forgetting: what an erasure names is taken out of this process's journal, which would keep it until it is pruned, and
 * land it again after a backup was brought back. An erasure is worked off when all that was in the journal as it was
 * first seen has landed and was looked through; that is noted in the store, so that one can tell when every collector has
 * done it. The feed's last word on somebody is forgotten here too, when its time is over.
 *
 * Whoever is kept out and comes back, and what comes late of an erased stretch, is taken out of the journal by landing,
 * row by row (`removeErased`).
 */

import type { Kysely } from 'kysely'
import type { Entry } from '../domain/event.ts'
import { mustGet } from '../domain/lookup.ts'
import { removeErasureNotices } from '../store/erasure-notices.ts'
import { noteForgotten, pendingErasures } from '../store/erasures.ts'
import type { ErasedSpan } from '../store/schema/erasure.ts'
import type { Database } from '../store/schema.ts'

/** What forgetting sees of the journal. */
export type ForgetJournal = {
  identity(): { journalId: string; newest: number }
  /** Rows after an id, about `maxEvents` events of them. */
  read(after: number, maxEvents: number): { id: number; body: string; events: number }[]
}

/** A row as it is to be from now on. */
export type Rewritten = { id: number; body: string; events: number }

/** What forgetting needs. `rewrite` resolves when the rows are on disk, of no other journal than `journalId`. */
export type ForgetDeps = {
  db: Kysely<Database>
  journal: ForgetJournal
  tombstone: (visitorId: string) => string
  rewrite: (journalId: string, rows: Rewritten[]) => Promise<void>
  /** A clock that only measures, and the one that is told. */
  now: () => number
  at: () => number
}

/** Works erasures off. `step` does what is due, and returns whether there was anything to do. */
export type Forgetting = {
  step(landed: number): Promise<boolean>
  /** Takes what spans name out of rows at once. Where that throws, all rows are looked through later. */
  removeErased(journalId: string, rows: Rewritten[], spans: ErasedSpan[]): Promise<void>
}

/** It is looked this often whether somebody was erased. */
const LOOK_EVERY_MS = 1000

/** Events of a stretch of the journal that is looked through at once: some tens of milliseconds. */
const EVENTS = 2000

/** Forgetting, which remembers how far the journal must have landed. */
export function createForgetting({ db, journal, tombstone, rewrite, now, at }: ForgetDeps): Forgetting {
  let lookAt = Number.NEGATIVE_INFINITY
  const targets = new Map<string, number>()
  /** What could not be taken out when its rows were landed. */
  const late = new Map<string, ErasedSpan>()

  const rewriteRows = async (journalId: string, rows: Rewritten[], spans: Map<string, ErasedSpan[]>) => {
    const rewritten = rows.flatMap((row) => without(row, spans, tombstone) ?? [])
    if (rewritten.length > 0) await rewrite(journalId, rewritten)
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
      if (now() < lookAt) return false
      await removeErasureNotices(db, at())
      const { journalId, newest } = journal.identity()
      const erasures = await pendingErasures(db, journalId)
      for (const { id } of erasures) if (!targets.has(id)) targets.set(id, newest)
      const due = erasures.filter(({ id }) => landed >= mustGet(targets, id))
      if (due.length === 0 && late.size === 0) {
        lookAt = now() + LOOK_EVERY_MS
        return false
      }
      const spans = byVisitor([...due.flatMap((erasure) => erasure.spans), ...late.values()])
      for (let after = 0; ; ) {
        const rows = journal.read(after, EVENTS).filter((row) => row.id <= landed)
        const last = rows.at(-1)
        if (last === undefined) break
        await rewriteRows(journalId, rows, spans)
        after = last.id
      }
      late.clear()
      const done = due.map(({ id }) => id)
      if (done.length === 0) return true
      await noteForgotten(db, journalId, done, at())
      for (const id of done) targets.delete(id)
      return true
    },
  }
}

function byVisitor(spans: ErasedSpan[]): Map<string, ErasedSpan[]> {
  return Map.groupBy(spans, (span) => span.visitor)
}

/** A row without what the spans name; null if it has nothing of it. */
function without(
  row: Rewritten,
  spans: Map<string, ErasedSpan[]>,
  tombstone: (visitorId: string) => string,
): Rewritten | null {
  const entries = entriesOf(row.body)
  if (entries === null) return null
  let changed = false
  const left = entries.flatMap((entry) => {
    const own = typeof entry.visitor === 'string' ? spans.get(tombstone(entry.visitor)) : undefined
    if (own === undefined) return entry
    if (own.some(({ from }) => from === null)) {
      changed = true
      return []
    }
    const events = entry.events.filter(
      ({ at }) => !own.some(({ from, to }) => from !== null && to !== null && at >= from && at <= to),
    )
    if (events.length === entry.events.length) return entry
    changed = true
    // What is left of it says nothing but that the device had a choice.
    return { ...entry, events }
  })
  if (!changed) return null
  return { id: row.id, body: JSON.stringify(left), events: left.reduce((sum, entry) => sum + entry.events.length, 0) }
}

/** The requests of a row; null where it is not what the collector wrote, and is a dead letter. */
function entriesOf(body: string): Entry[] | null {
  try {
    return JSON.parse(body) as Entry[]
  } catch {
    return null
  }
}
