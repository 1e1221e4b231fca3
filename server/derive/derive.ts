/**
 * One round of deriving: dirty visitors, then the persons they touch, then memberships whose edge time has crossed,
 * then the feed. Each step reads all it needs as it was at one moment, works it out, and writes in a short transaction
 * that removes only the marks which have not moved since. So a state is never told from a half-seen change, and a
 * round that is cut short is simply done again.
 *
 * Several processes derive beside each other: each claims its share of the keys before it reads, and what it writes
 * is refused if its claim, or the configuration it went by, is not what it was.
 */
import type { Kysely, Transaction } from 'kysely'
import { defaultSettings, type Site } from '../domain/settings.ts'
import { clearMarks, type Mark, markedAmong, readMarks } from '../store/dirty.ts'
import { findTombstones } from '../store/facts.ts'
import { appendChanges, loadFeedStates, loadMatchFacts } from '../store/feed.ts'
import type { Claim, Ownership } from '../store/ownership.ts'
import { buildPersons } from '../store/persons.ts'
import { endRebuild, rebuildState } from '../store/rebuild.ts'
import type { Database } from '../store/schema.ts'
import { personsPastEdge } from '../store/segments.ts'
import { configVersion, listSites } from '../store/sites.ts'
import { snapshot, transact } from '../store/transact.ts'
import { writeVisitors } from '../store/visitor-rows.ts'
import { loadVisitors } from '../store/visitor-state.ts'
import { changesOf } from './feed.ts'
import { crossEdges, replacePersons } from './person.ts'
import { deriveVisitors } from './visitor.ts'

/** Keys of one transaction. */
const VISITORS = 200
const PERSONS = 500

/** A visitor that sends all the time is derived at most this often. */
const BUSY_MS = 500

/** Derives rounds. `round` returns whether it found anything to do. */
export type Deriver = { round(): Promise<boolean> }

/** What deriving needs. */
export type DeriveDeps = {
  db: Kysely<Database>
  ownership: Ownership
  /** The keyed hash under which a visitor who is gone is kept out. */
  tombstone: (visitorId: string) => string
  now: () => number
}

/** A deriver, which remembers when it last worked on a visitor, where in the keys it stopped, and the sites. */
export function createDeriver({ db, ownership, tombstone, now }: DeriveDeps): Deriver {
  const lastDerived = new Map<string, number>()
  let after = ''
  let version = -1
  let sites = new Map<string, Site>()

  const refreshSites = async (trx: Transaction<Database>) => {
    const current = await configVersion(trx)
    if (current === version) return
    sites = new Map((await listSites(trx)).map((site) => [site.id, site]))
    version = current
  }

  /** Reads at one moment, under the configuration of that moment. */
  const read = <T>(work: (trx: Transaction<Database>) => Promise<T>): Promise<T> =>
    snapshot(db, async (trx) => {
      await refreshSites(trx)
      return work(trx)
    })

  /** Writes what was read under the claim. Returns whether it did: not if the configuration has changed meanwhile. */
  const write = (claim: Claim, work: (trx: Transaction<Database>) => Promise<void>): Promise<boolean> =>
    transact(db, async (trx) => {
      await claim.hold(trx)
      if ((await configVersion(trx)) !== version) return false
      await work(trx)
      return true
    })

  const dueVisitors = async (trx: Transaction<Database>, claim: Claim): Promise<Mark[]> => {
    const marks = await readMarks(trx, 'dirty_visitors', VISITORS, { buckets: claim.buckets, after })
    after = marks.length === VISITORS ? marks.at(-1)!.key : ''
    const before = now() - BUSY_MS
    if (lastDerived.size > 100_000) lastDerived.clear()
    return marks.filter((mark) => (lastDerived.get(mark.key) ?? 0) <= before)
  }

  const visitors = async () => {
    const claim = ownership.keys()
    if (claim === null) return false
    const found = await read(async (trx) => {
      const marks = await dueVisitors(trx, claim)
      const hashes = new Map(marks.map(({ key }) => [key, tombstone(key)]))
      const tombstones = await findTombstones(trx, [...hashes.values()])
      const [gone, staying] = [new Set<string>(), [] as string[]]
      for (const [key, hash] of hashes) tombstones.has(hash) ? gone.add(key) : staying.push(key)
      return { marks, gone: [...gone], facts: staying.length === 0 ? [] : await loadVisitors(trx, staying) }
    })
    if (found.marks.length === 0) return after !== ''
    const rows = deriveVisitors(found.facts, (id) => sites.get(id) ?? unknownSite(id))
    const written = await write(claim, (trx) => writeVisitors(trx, found.marks, rows, found.gone))
    if (written) for (const { key } of found.marks) lastDerived.set(key, now())
    return true
  }

  const persons = async () => {
    const claim = ownership.keys()
    if (claim === null) return false
    const found = await read(async (trx) => {
      const marks = await readMarks(trx, 'dirty_persons', PERSONS, { buckets: claim.buckets })
      const keys = marks.map(({ key }) => key)
      return { marks, rows: keys.length === 0 ? [] : await buildPersons(trx, keys) }
    })
    if (found.marks.length === 0) return false
    await write(claim, (trx) => replacePersons(trx, found.marks, found.rows, now()))
    return true
  }

  const edges = async () => {
    const claim = ownership.keys()
    if (claim === null) return false
    const due = await read((trx) => personsPastEdge(trx, now(), PERSONS, claim.buckets))
    if (due.length === 0) return false
    await write(claim, (trx) => crossEdges(trx, due, now()))
    return true
  }

  const feed = async () => {
    const claim = ownership.feed()
    if (claim === null) return false
    const found = await read(async (trx) => {
      const rebuild = await rebuildState(trx)
      const marks = rebuild === 'under way' ? [] : await tellable(trx)
      const keys = marks.map(({ key }) => key)
      const facts = await loadMatchFacts(trx, keys)
      return { rebuild, marks, changes: changesOf(keys, facts, await loadFeedStates(trx, keys)) }
    })
    if (found.marks.length === 0 && found.rebuild !== 'over') return false
    await write(claim, async (trx) => {
      if (found.rebuild === 'over') await endRebuild(trx)
      await appendChanges(trx, found.changes, now())
      await clearMarks(trx, 'dirty_contacts', found.marks)
    })
    return true
  }

  return {
    async round() {
      const found = [await visitors(), await persons(), await edges(), await feed()]
      return found.some(Boolean)
    },
  }
}

/** Marked contacts, but for those whose person is still to be derived: what is told of them would be half of a change. */
async function tellable(trx: Transaction<Database>): Promise<Mark[]> {
  const marks = await readMarks(trx, 'dirty_contacts', PERSONS)
  const underWay = await markedAmong(
    trx,
    'dirty_persons',
    marks.map(({ key }) => `c:${key}`),
  )
  return marks.filter(({ key }) => !underWay.has(`c:${key}`))
}

/** Facts may name a site that is not there; they are derived by the defaults. */
function unknownSite(id: string): Site {
  return { id, origins: [], write_key: '', identity_secret: '', link_secret: '', settings: defaultSettings() }
}
