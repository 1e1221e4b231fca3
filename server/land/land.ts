/**
 * Landing: journal entries become facts, exactly once. Entries are taken in order, a batch in one transaction with
 * the cursor of the journal; a batch that was landed twice changes nothing the second time. Nothing is decided here.
 *
 * An entry that cannot be landed (poison) goes to the dead letters with its error, and the others go on.
 */
import type { Kysely, Transaction } from 'kysely'
import type { Entry } from '../domain/event.ts'
import { mark } from '../store/dirty.ts'
import { findTombstones, insertFacts, insertWithdrawals } from '../store/facts.ts'
import { insertDeadLetter, moveCursor, readCursor, visitorsOfTokens } from '../store/landing.ts'
import { lockKeys } from '../store/locks.ts'
import type { Database } from '../store/schema.ts'
import { isPassing, transact } from '../store/transact.ts'
import { type DescribeAgent, factsOf } from './facts-of.ts'

/** A row of the journal as landing reads it. */
type Row = { id: number; at: number; body: string; events: number }

/** What landing needs. `read` yields journal rows after an id, about `maxEvents` events of them. */
export type LandDeps = {
  db: Kysely<Database>
  journalId: string
  read: (after: number, maxEvents: number) => Row[]
  describeAgent: DescribeAgent
  /** The keyed hash that keeps a retired visitor out. */
  tombstone: (visitorId: string) => string
  now: () => number
}

/**
 * About as many events as one transaction holds. The more, the more of them fall on the same pages, which are written
 * once; but other writers wait for it, about a tenth of a second.
 */
const BATCH_EVENTS = 4000

/**
 * Lands the next batch. Returns the cursor's position, how many events it read (0 when there is nothing), and how long
 * the last of them had waited.
 */
export async function landBatch(deps: LandDeps): Promise<{ position: number; events: number; lagMs: number }> {
  const { db, journalId } = deps
  const after = await readCursor(db, journalId)
  const rows = deps.read(after, BATCH_EVENTS)
  if (rows.length === 0) return { position: after, events: 0, lagMs: 0 }
  const position = rows.at(-1)!.id
  const events = rows.reduce((sum, row) => sum + row.events, 0)
  try {
    await transact(db, async (trx) => {
      await landEntries(
        trx,
        rows.flatMap((row) => JSON.parse(row.body) as Entry[]),
        deps,
      )
      await moveCursor(trx, journalId, position)
    })
  } catch (error) {
    // The store is at fault, not an entry: the same batch is tried again later.
    if (isPassing(error)) throw error
    await landOneByOne(deps, rows)
  }
  return { position, events, lagMs: Math.max(0, deps.now() - rows.at(-1)!.at) }
}

async function landOneByOne(deps: LandDeps, rows: Row[]): Promise<void> {
  const { db, journalId } = deps
  for (const row of rows) {
    const parts = partsOf(row.body)
    for (const [part, entry] of parts.entries()) {
      try {
        await transact(db, (trx) => landEntries(trx, [entry as Entry], deps))
      } catch (error) {
        if (isPassing(error)) throw error
        await insertDeadLetter(db, {
          journal_id: journalId,
          entry_id: row.id,
          part,
          error: error instanceof Error ? error.message : String(error),
          body: JSON.stringify(entry),
          at: deps.now(),
        })
      }
    }
    await moveCursor(db, journalId, row.id)
  }
}

/** The requests of a row; a row that is not JSON is one part, as text. */
function partsOf(body: string): unknown[] {
  try {
    return JSON.parse(body) as unknown[]
  } catch {
    return [body]
  }
}

async function landEntries(trx: Transaction<Database>, entries: Entry[], deps: LandDeps): Promise<void> {
  const visitors = [...new Set(entries.map((entry) => entry.visitor))]
  const hashes = new Map(visitors.map((visitor) => [visitor, deps.tombstone(visitor)]))
  const tombstones = await findTombstones(trx, [...hashes.values()])
  const withdrawals = entries.filter((entry) => !entry.consent.analytics)
  const retiring = new Set(withdrawals.map((entry) => entry.visitor))
  const staying = entries.filter((entry) => !retiring.has(entry.visitor) && !tombstones.has(hashes.get(entry.visitor)!))
  const facts = factsOf(staying, deps.describeAgent)
  const tokens = [...new Set(facts.tokenUses.map((use) => use.token_hash))]
  await lockKeys(trx, [...facts.claimKeys.map((key) => key.key_hash), ...tokens])
  await insertFacts(trx, facts)
  await insertWithdrawals(
    trx,
    withdrawals.map(({ visitor, site, consent }) => {
      return { hash: hashes.get(visitor)!, site, consentId: consent.id, at: consent.at }
    }),
  )
  // The links of everybody who used a token depend on who used it first. Who has withdrawn is deleted when derived.
  const others = await visitorsOfTokens(trx, tokens)
  await mark(trx, 'dirty_visitors', [...staying.map((entry) => entry.visitor), ...retiring, ...others])
}
