/**
 * Landing: journal entries become facts, exactly once. Entries are taken in order, a batch in one transaction with
 * the cursor of the journal; a batch that was landed twice changes nothing the second time. Nothing is decided here.
 *
 * An entry that cannot be landed (poison) goes to the dead letters with its error, and the others go on. What is
 * kept out leaves the journal, before the cursor moves past it: who is killed in between does it again.
 *
 * A cursor is believed only under the opening of the journal that gave its number out. If the journal's file was
 * brought back from a backup, or the store's, or a copy of the journal landed elsewhere, numbers mean something else:
 * nothing is landed then, the journal is to take a new id, and all that it holds is landed again, which adds nothing
 * where it was landed before.
 */
import type { Kysely, Transaction } from 'kysely'
import { isInside } from '../domain/erased-tail.ts'
import type { Entry } from '../domain/event.ts'
import { visitorsNamingAfter } from '../store/claim-keys.ts'
import { BEGINNING, type Cursor, moveCursor, readCursor, readOtherCursors } from '../store/cursors.ts'
import { insertDeadLetter } from '../store/dead-letters.ts'
import { isPoison, transact } from '../store/engine/transact.ts'
import { findErasedSpans } from '../store/erased-spans.ts'
import type { ErasedSpan } from '../store/erasures.ts'
import { insertFacts } from '../store/facts.ts'
import type { Database } from '../store/schema.ts'
import { visitorsOfTokens } from '../store/token-uses.ts'
import { findTombstones } from '../store/tombstones.ts'
import { insertWithdrawals } from '../store/withdrawals.ts'
import { mark } from '../store/work/dirty.ts'
import { lockNamed } from '../store/work/locks.ts'
import { type DescribeAgent, factsOf } from './facts-of.ts'
import type { Notice } from './notice.ts'
import { BATCH_EVENTS } from './turns.ts'

/** A row of the journal as landing reads it. */
type Row = { id: number; at: number; body: string; events: number }

/** What landing sees of the journal. */
export type LandJournal = {
  identity(): { journalId: string; newest: number; first: number; oldest: number }
  openingOf(position: number): string
  /** Rows after an id, about `maxEvents` events of them, fewer if they are large. */
  read(after: number, maxEvents: number): Row[]
}

/** What landing needs. */
export type LandDeps = {
  db: Kysely<Database>
  journal: LandJournal
  describeAgent: DescribeAgent
  /** The keyed hash that keeps a retired visitor out. */
  tombstone: (visitorId: string) => string
  /** Takes what spans name out of rows of the journal, and resolves when that is on disk. */
  removeErased: (journalId: string, rows: Row[], spans: ErasedSpan[]) => Promise<void>
  now: () => number
}

/**
 * What a batch came to: how far the journal is landed, how many events were read (0 when there is nothing), and when
 * the last of them was appended.
 */
export type Landed = { journalId: string; position: number; events: number; at: number | null; notices: Notice[] }

/**
 * Lands the next batch: a part of about `BATCH_EVENTS` events, and others in the same transaction for as long as `goOn`
 * says so. After the notice `foreign cursor` nothing is landed until the journal has a new id.
 */
export async function landBatch(deps: LandDeps, goOn = () => false): Promise<Landed> {
  const { db, journal } = deps
  const { journalId, newest, first, oldest } = journal.identity()
  const cursor = await readCursor(db, journalId)
  const { position: after, opening } = cursor ?? BEGINNING
  const nothing: Landed = { journalId, position: after, events: 0, at: null, notices: [] }
  if (after > newest || journal.openingOf(after) !== opening) {
    return { ...nothing, notices: [{ kind: 'foreign cursor', journalId, cursor: after, newest }] }
  }
  // A journal that the store does not know is made known at once, with nothing in it: it is no news later.
  const joining = cursor === null && first === 1
  if (after === newest && !joining) return nothing

  const notices: Notice[] = []
  const from = Math.max(after + 1, first)
  if (from < oldest) notices.push({ kind: 'entries gone', journalId, from, to: oldest - 1 })
  if (joining) {
    const others = await readOtherCursors(db, journalId)
    // Where none has landed anything, nothing can be lost.
    if (others.furthest > 0) notices.push({ kind: 'new journal', journalId, ...others })
  }
  const rows = journal.read(after, BATCH_EVENTS)
  if (rows.length === 0 && oldest <= newest) return nothing
  let alone = true
  const goOnNoted = () => {
    const going = goOn()
    if (going) alone = false
    return going
  }
  try {
    const landed = await transact(db, async (trx) => {
      const read = await landParts(trx, deps, rows, goOnNoted)
      const position = read.last?.id ?? newest
      const to = { position, opening: journal.openingOf(position) }
      if (read.keptOut.length === 0) await moveCursor(trx, journalId, cursor, to)
      return { ...read, to }
    })
    for (const { rows, spans } of landed.keptOut) await deps.removeErased(journalId, rows, spans)
    if (landed.keptOut.length > 0) await moveCursor(db, journalId, cursor, landed.to)
    const { events, last, to } = landed
    return { journalId, position: to.position, events, at: last?.at ?? null, notices }
  } catch (error) {
    if (!isPoison(error)) throw error
    // One by one takes long: only the part in which it is.
    if (!alone) return landBatch(deps)
    await landOneByOne(deps, journalId, cursor, rows)
    const { id: position, at } = rows.at(-1)!
    return { journalId, position, events: eventsOf(rows), at, notices }
  }
}

const eventsOf = (rows: Row[]) => rows.reduce((sum, row) => sum + row.events, 0)

/**
 * Lands parts in the caller's transaction, `first` and what comes after. Memory holds one at a time. `last` is null where
 * there was nothing, and `keptOut` is what must be taken out of which rows.
 */
async function landParts(
  trx: Transaction<Database>,
  deps: LandDeps,
  first: Row[],
  goOn: () => boolean,
): Promise<{ events: number; last: Row | null; keptOut: { rows: Row[]; spans: ErasedSpan[] }[] }> {
  const keptOut: { rows: Row[]; spans: ErasedSpan[] }[] = []
  let events = 0
  let last: Row | null = null
  for (let rows = first; rows.length > 0; ) {
    const entries = rows.flatMap((row) => JSON.parse(row.body) as Entry[])
    const spans = await landEntries(trx, entries, deps)
    if (spans.length > 0) keptOut.push({ rows, spans })
    events += eventsOf(rows)
    last = rows.at(-1)!
    rows = goOn() ? deps.journal.read(last.id, BATCH_EVENTS) : []
  }
  return { events, last, keptOut }
}

async function landOneByOne(deps: LandDeps, journalId: string, cursor: Cursor | null, rows: Row[]): Promise<void> {
  const { db, journal } = deps
  let at = cursor
  for (const row of rows) {
    const parts = partsOf(row.body)
    const keptOut: ErasedSpan[] = []
    for (const [part, entry] of parts.entries()) {
      try {
        keptOut.push(...(await transact(db, (trx) => landEntries(trx, [entry as Entry], deps))))
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
      }
    }
    if (keptOut.length > 0) await deps.removeErased(journalId, [row], keptOut)
    const to = { position: row.id, opening: journal.openingOf(row.id) }
    await moveCursor(db, journalId, at, to)
    at = to
  }
}

/** Whose it is, if it says so: what a visitor withdraws goes with him. */
function visitorOf(entry: unknown): string | null {
  const visitor = (entry as { visitor?: unknown } | null)?.visitor
  return typeof visitor === 'string' ? visitor : null
}

/** The requests of a row; a row that is not JSON is one part, as text. */
function partsOf(body: string): unknown[] {
  try {
    return JSON.parse(body) as unknown[]
  } catch {
    return [body]
  }
}

/**
 * Lands entries in the caller's transaction, and marks what has to be derived. Returns what of them was erased before
 * and is not landed: all of visitors who are gone, and what others did while somebody had them who was erased.
 */
export async function landEntries(
  trx: Transaction<Database>,
  entries: Entry[],
  deps: Pick<LandDeps, 'tombstone' | 'describeAgent'>,
): Promise<ErasedSpan[]> {
  const visitors = [...new Set(entries.map((entry) => entry.visitor))]
  const hashes = new Map(visitors.map((visitor) => [visitor, deps.tombstone(visitor)]))
  const tombstones = await findTombstones(trx, [...hashes.values()])
  const withdrawals = entries.filter((entry) => !entry.consent.analytics)
  const retiring = new Set(withdrawals.map((entry) => entry.visitor))
  const spans = await findErasedSpans(trx, [...hashes.values()])
  const erased: ErasedSpan[] = [...tombstones].map((visitor) => ({ visitor, from: null, to: null }))
  const staying = entries.flatMap((entry) => {
    const hash = hashes.get(entry.visitor)!
    if (retiring.has(entry.visitor) || tombstones.has(hash)) return []
    const own = spans.get(hash)
    if (own === undefined) return entry
    const events = entry.events.filter(({ at }) => !isInside(at, own))
    if (events.length < entry.events.length) erased.push(...own.map(({ from, to }) => ({ visitor: hash, from, to })))
    return { ...entry, events }
  })
  const facts = factsOf(staying, deps.describeAgent)
  const tokens = [...new Set(facts.tokenUses.map((use) => use.token_hash))]
  const named = [...new Set(facts.claimKeys.map((key) => key.key_hash))]
  await lockNamed(trx, named, tokens)
  await insertFacts(trx, facts)
  await insertWithdrawals(
    trx,
    withdrawals.map(({ visitor, site, consent }) => {
      return { hash: hashes.get(visitor)!, site, consentId: consent.id, at: consent.at }
    }),
  )
  // The links of everybody who used a token depend on who used it first, and the guards on who named a contact before. Who has withdrawn is deleted when derived.
  const others = [...(await visitorsOfTokens(trx, tokens)), ...(await visitorsNamingAfter(trx, facts.claimKeys))]
  await mark(trx, 'dirty_visitors', [...staying.map((entry) => entry.visitor), ...retiring, ...others])
  return erased
}
