/**
 * Landing: journal entries become facts, exactly once. Entries are taken in order, a batch per transaction together
 * with the journal's cursor; landing a batch twice changes nothing the second time. Nothing is decided here.
 *
 * An entry that cannot be landed (poison) goes to the dead letters with its error, and the others continue. Erased
 * content is removed from the journal before the cursor moves past it: a process that is killed in between does it
 * again.
 *
 * A cursor is trusted only under the opening of the journal that gave out its number. If the file of the journal or of
 * the store was restored from a backup, or a copy of the journal was landed elsewhere, numbers mean something else:
 * then nothing is landed, the journal takes a new id, and all its entries are landed again, which adds nothing where
 * they had been landed before.
 */

import type { Kysely, Transaction } from 'kysely'
import { isInside } from '../domain/erased-tail.ts'
import { type Entry, entryOf } from '../domain/event.ts'
import { itemAt, mustGet } from '../domain/lookup.ts'
import type { Noticed } from '../domain/quality.ts'
import { BEGINNING, type Cursor, moveCursor, readCursor, readOtherCursors } from '../store/cursors.ts'
import { insertDeadLetter } from '../store/dead-letters.ts'
import { deletedSites } from '../store/deleted-sites.ts'
import { dependentsOf } from '../store/dependents.ts'
import { insertEndedUsers, noteLateClaims } from '../store/ended-users.ts'
import { isPoison, transact } from '../store/engine/transact.ts'
import { findErasedSpans } from '../store/erased-spans.ts'
import { insertFacts } from '../store/facts.ts'
import type { ErasedSpan } from '../store/schema/erasure.ts'
import type { Database } from '../store/schema.ts'
import { withoutUsers } from '../store/token-uses.ts'
import { findTombstones } from '../store/tombstones.ts'
import { withoutVoided } from '../store/voided-claims.ts'
import { insertWithdrawals } from '../store/withdrawals.ts'
import { mark } from '../store/work/dirty.ts'
import { lockNamed } from '../store/work/locks.ts'
import { type DescribeAgent, factsOf } from './facts-of.ts'
import type { Notice } from './notice.ts'
import { BATCH_EVENTS } from './turns.ts'
import { findUnread } from './unread.ts'

/** A row of the journal as landing reads it. */
type Row = { id: number; at: number; body: string; events: number }

/** The part of the journal that landing uses. */
export type LandJournal = {
  identity(): { journalId: string; newest: number; first: number; oldest: number }
  openingOf(position: number): string
  /** Rows after an id, with about `maxEvents` events, fewer if they are large. */
  read(after: number, maxEvents: number): Row[]
}

/** What landing needs. */
export type LandDeps = {
  db: Kysely<Database>
  journal: LandJournal
  describeAgent: DescribeAgent
  /** The keyed hash that keeps a retired visitor out. */
  tombstone: (visitorId: string) => string
  /** Told what could not be read in events that are landed for the first time, once they are. */
  unread: (noticed: Noticed[]) => void
  /** Removes the content of erased spans from rows of the journal, and resolves when that is on disk. */
  removeErased: (journalId: string, rows: Row[], spans: ErasedSpan[]) => Promise<void>
  now: () => number
}

/**
 * The result of a batch: how far the journal is landed, how many events were read (0 if there were none), and when the
 * last of them was appended.
 */
export type Landed = { journalId: string; position: number; events: number; at: number | null; notices: Notice[] }

/**
 * Lands the next batch: about `BATCH_EVENTS` events, and more in the same transaction for as long as `keepGoing`
 * returns true. After the notice `foreign cursor` nothing is landed until the journal has a new id.
 */
export async function landBatch(deps: LandDeps, keepGoing = () => false): Promise<Landed> {
  const { db, journal } = deps
  const { journalId, newest, first, oldest } = journal.identity()
  const cursor = await readCursor(db, journalId)
  const { position: after, opening } = cursor ?? BEGINNING
  const nothing: Landed = { journalId, position: after, events: 0, at: null, notices: [] }
  if (after > newest || journal.openingOf(after) !== opening) {
    return { ...nothing, notices: [{ kind: 'foreign cursor', journalId, cursor: after, newest }] }
  }
  // A journal that is new to the store gets its cursor at once, even if empty, so that it is not reported later.
  const joining = cursor === null && first === 1
  if (after === newest && !joining) return nothing

  const notices: Notice[] = []
  const from = Math.max(after + 1, first)
  if (from < oldest) notices.push({ kind: 'entries gone', journalId, from, to: oldest - 1 })
  if (joining) {
    const others = await readOtherCursors(db, journalId)
    // If no journal has landed anything, nothing can be lost.
    if (others.furthest > 0) notices.push({ kind: 'new journal', journalId, ...others })
  }
  const rows = journal.read(after, BATCH_EVENTS)
  if (rows.length === 0 && oldest <= newest) return nothing
  let alone = true
  const keepGoingNoted = () => {
    const going = keepGoing()
    if (going) alone = false
    return going
  }
  try {
    const landed = await transact(db, async (trx) => {
      const read = await landParts(trx, deps, rows, keepGoingNoted)
      const position = read.last?.id ?? newest
      const to = { position, opening: journal.openingOf(position) }
      if (read.keptOut.length === 0) await moveCursor(trx, journalId, cursor, to)
      return { ...read, to }
    })
    for (const { rows, spans } of landed.keptOut) await deps.removeErased(journalId, rows, spans)
    if (landed.keptOut.length > 0) await moveCursor(db, journalId, cursor, landed.to)
    const { events, last, to, noticed } = landed
    deps.unread(noticed)
    return { journalId, position: to.position, events, at: last?.at ?? null, notices }
  } catch (error) {
    if (!isPoison(error)) throw error
    // Landing one by one is slow, so only the part that holds the poison is landed that way.
    if (!alone) return landBatch(deps)
    await landOneByOne(deps, journalId, cursor, rows)
    const { id: position, at } = itemAt(rows, rows.length - 1)
    return { journalId, position, events: eventsOf(rows), at, notices }
  }
}

const eventsOf = (rows: Row[]) => rows.reduce((sum, row) => sum + row.events, 0)

/**
 * Lands parts in the caller's transaction: `first` and those after it. Memory holds one part at a time. `last` is null
 * if there was nothing; `keptOut` lists what must be removed from which rows.
 */
async function landParts(
  trx: Transaction<Database>,
  deps: LandDeps,
  first: Row[],
  keepGoing: () => boolean,
): Promise<{ events: number; last: Row | null; noticed: Noticed[]; keptOut: { rows: Row[]; spans: ErasedSpan[] }[] }> {
  const keptOut: { rows: Row[]; spans: ErasedSpan[] }[] = []
  const noticed: Noticed[] = []
  let events = 0
  let last: Row | null = null
  for (let rows = first; rows.length > 0; ) {
    const entries = rows.flatMap((row) => partsOf(row.body).map(entryOf))
    const { erased: spans, unread } = await landEntries(trx, entries, deps)
    noticed.push(...unread)
    if (spans.length > 0) keptOut.push({ rows, spans })
    events += eventsOf(rows)
    last = itemAt(rows, rows.length - 1)
    rows = keepGoing() ? deps.journal.read(last.id, BATCH_EVENTS) : []
  }
  return { events, last, noticed, keptOut }
}

async function landOneByOne(deps: LandDeps, journalId: string, cursor: Cursor | null, rows: Row[]): Promise<void> {
  const { db, journal } = deps
  let at = cursor
  for (const row of rows) {
    const parts = partsOf(row.body)
    const keptOut: ErasedSpan[] = []
    for (const [part, entry] of parts.entries()) {
      try {
        const { erased, unread } = await transact(db, (trx) => landEntries(trx, [entryOf(entry)], deps))
        keptOut.push(...erased)
        deps.unread(unread)
      } catch (error) {
        if (!isPoison(error)) throw error
        const visitor = visitorOf(entry)
        const hash = visitor === null ? null : deps.tombstone(visitor)
        if (hash !== null && (await findTombstones(db, [hash])).size > 0) {
          keptOut.push({ visitor: hash, from: null, to: null })
          continue
        }
        await insertDeadLetter(db, {
          journal_id: journalId,
          entry_id: row.id,
          part,
          error: error instanceof Error ? error.message : String(error),
          body: JSON.stringify(entry),
          at: deps.now(),
          visitor_id: visitor,
          attempts: 1,
        })
        // The visitor may have withdrawn meanwhile, and its letters been deleted before this one.
        if (visitor !== null) await mark(db, 'dirty_visitors', [visitor])
      }
    }
    if (keptOut.length > 0) await deps.removeErased(journalId, [row], keptOut)
    const to = { position: row.id, opening: journal.openingOf(row.id) }
    await moveCursor(db, journalId, at, to)
    at = to
  }
}

/** The visitor of an entry, if it has one: a withdrawal also deletes the visitor's dead letters. */
function visitorOf(entry: unknown): string | null {
  const visitor = (entry as { visitor?: unknown } | null)?.visitor
  return typeof visitor === 'string' ? visitor : null
}

/** The requests of a row; a row that is not a list in JSON is one part. */
function partsOf(body: string): unknown[] {
  try {
    const parts: unknown = JSON.parse(body)
    return Array.isArray(parts) ? parts : [parts]
  } catch {
    return [body]
  }
}

/**
 * Lands entries in the caller's transaction, and marks what must be derived. Returns what could not be read in them, and the
 * spans that were erased before and are not landed: everything of retired visitors and for deleted sites, and the part of
 * shared visitors that belonged to erased contacts. The logins in it are spent all the same.
 */
export async function landEntries(
  trx: Transaction<Database>,
  entries: Entry[],
  deps: Pick<LandDeps, 'tombstone' | 'describeAgent'>,
): Promise<{ erased: ErasedSpan[]; unread: Noticed[] }> {
  const visitors = [...new Set(entries.map((entry) => entry.visitor))]
  const hashes = new Map(visitors.map((visitor) => [visitor, deps.tombstone(visitor)]))
  const tombstones = await findTombstones(trx, [...hashes.values()])
  const withdrawals = entries.filter((entry) => !entry.consent.analytics && entry.ends === undefined)
  const retiring = new Set(withdrawals.map((entry) => entry.visitor))
  const spans = await findErasedSpans(trx, [...hashes.values()])
  const deleted = await deletedSites(trx)
  const gone: Entry[] = []
  const erased: ErasedSpan[] = [...tombstones].map((visitor) => ({ visitor, from: null, to: null }))
  const staying = entries.flatMap((entry) => {
    const hash = mustGet(hashes, entry.visitor)
    if (deleted.has(entry.site)) {
      erased.push({ visitor: hash, from: null, to: null })
      return []
    }
    if (retiring.has(entry.visitor) || tombstones.has(hash)) {
      gone.push(entry)
      return []
    }
    const own = spans.get(hash)
    if (own === undefined) return entry
    const inside = entry.events.filter(({ at }) => isInside(at, own))
    if (inside.length === 0) return entry
    gone.push({ ...entry, events: inside })
    erased.push(...own.map(({ from, to }) => ({ visitor: hash, from, to })))
    return { ...entry, events: entry.events.filter(({ at }) => !isInside(at, own)) }
  })
  const unread = await findUnread(trx, staying, deps.tombstone)
  const facts = factsOf(staying, deps.describeAgent)
  facts.tokenUses.push(...withoutUsers(factsOf(gone, deps.describeAgent).tokenUses))
  const tokens = [...new Set(facts.tokenUses.map((use) => use.token_hash))]
  const named = [...new Set(facts.claimKeys.map((key) => key.key_hash))]
  await lockNamed(trx, named, tokens)
  await insertFacts(trx, facts)
  await noteLateClaims(trx, facts.claims)
  await insertEndedUsers(trx, entries, deps.tombstone)
  await insertWithdrawals(
    trx,
    withdrawals.map(({ visitor, site, consent, received_at: receivedAt }) => {
      const { id: consentId, at, source, policy = null } = consent
      return { hash: mustGet(hashes, visitor), site, consentId, at, receivedAt, source, policy }
    }),
  )
  const secondKeys = { uses: facts.tokenUses, namings: facts.claimKeys }
  await withoutVoided(trx, secondKeys)
  // A visitor that has withdrawn is deleted when it is derived.
  const others = await dependentsOf(trx, secondKeys)
  await mark(trx, 'dirty_visitors', [...staying.map((entry) => entry.visitor), ...retiring, ...others])
  return { erased, unread }
}
