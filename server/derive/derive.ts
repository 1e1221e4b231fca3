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
import type { PersonId } from '../domain/ids.ts'
import { mustGet } from '../domain/lookup.ts'
import { defaultSettings, type Site } from '../domain/settings.ts'
import { removeSpansAndTails, tailsOf } from '../erasure/tails.ts'
import { hasJudging } from '../segments/judging-step.ts'
import { personsPastEdge } from '../segments/members.ts'
import { configVersion } from '../store/config-version.ts'
import { isPoison, snapshot, transact } from '../store/engine/transact.ts'
import { findErasedSpans } from '../store/erased-spans.ts'
import { appendChanges, loadFeedStates, loadMatchFacts } from '../store/feed.ts'
import { survivorsOf } from '../store/merges.ts'
import { buildPersons } from '../store/persons.ts'
import type { DeriveStage } from '../store/schema/work.ts'
import type { Database } from '../store/schema.ts'
import { listSites } from '../store/sites.ts'
import { findTombstones } from '../store/tombstones.ts'
import { loadVisitors } from '../store/visitor-facts.ts'
import { writeVisitors } from '../store/visitor-rows.ts'
import { sizesOf } from '../store/visitors.ts'
import { forgetFailures, recordFailure } from '../store/work/derive-failures.ts'
import { clearMarks, type Mark, readMarks } from '../store/work/dirty.ts'
import type { Ownership, WorkClaim } from '../store/work/ownership.ts'
import { changesOf, tellable } from './feed.ts'
import { createPace } from './pace.ts'
import { crossEdges, judgeAgain, replacePersons } from './person.ts'
import { readRebuild, rebuildStep } from './rebuild.ts'
import { deriveVisitors } from './visitor.ts'

/** Marks that a round looks at, if so many are of visitors who rest. */
const LOOKED_AT = 4096

/** Keys of one transaction. */
const VISITORS = 256
const PERSONS = 512

/** Events of one transaction's visitors, as far as they were counted before: landing gets its turn after so many. */
const EVENTS = 5000

/** Derives rounds. `round` returns whether it found anything to do. */
export type Deriver = { round(): Promise<boolean> }

/** What deriving needs. */
export type DeriveDeps = {
  db: Kysely<Database>
  ownership: Ownership
  /** The keyed hash under which a visitor who is gone is kept out. */
  tombstone: (visitorId: string) => string
  now: () => number
  /** Told what was done, and what was set aside because it threw. */
  onDerived?: (stage: DeriveStage, keys: number) => void
  onFailure?: (stage: DeriveStage, error: unknown) => void
}

/** A deriver, which remembers when it last worked on a visitor, where in the keys it stopped, and the sites. */
export function createDeriver(deps: DeriveDeps): Deriver {
  const { db, ownership, tombstone, now } = deps
  let pace = createPace()
  let after = ''
  let version = -1
  let sites = new Map<string, Site>()

  const refreshSites = async (trx: Transaction<Database>) => {
    const current = await configVersion(trx)
    if (current === version) return
    sites = new Map((await listSites(trx)).map((site) => [site.id, site]))
    version = current
    // Another configuration, or everything was emptied: nobody's last fold counts any more.
    pace = createPace()
  }

  /** Reads at one moment, under the configuration of that moment. */
  const read = <T>(work: (trx: Transaction<Database>) => Promise<T>): Promise<T> =>
    snapshot(db, async (trx) => {
      await refreshSites(trx)
      return work(trx)
    })

  /** Writes what was read under the claim. Returns whether it did: not if the configuration has changed meanwhile. */
  const write = (claim: WorkClaim, work: (trx: Transaction<Database>) => Promise<void>): Promise<boolean> =>
    transact(db, async (trx) => {
      await claim.hold(trx)
      if ((await configVersion(trx)) !== version) return false
      await work(trx)
      return true
    })

  /** The next marks, until there are enough of visitors that were not worked on lately. */
  const markedVisitors = async (trx: Transaction<Database>, claim: WorkClaim): Promise<Mark[]> => {
    const marked: Mark[] = []
    let fresh = 0
    do {
      const marks = await readMarks(trx, 'dirty_visitors', VISITORS, { buckets: claim.buckets, after })
      marked.push(...marks)
      fresh += marks.filter(({ key }) => pace.dueAt(key) === null).length
      after = marks.length === VISITORS ? (marks.at(-1)?.key ?? '') : ''
    } while (after !== '' && fresh < VISITORS && marked.length < LOOKED_AT)
    return marked
  }

  /** The first of these visitors, as many as do not have too many events together; one, however many he has. */
  const fitting = async (trx: Transaction<Database>, marks: Mark[]): Promise<Mark[]> => {
    const first = marks.slice(0, VISITORS)
    const sizes = await sizesOf(
      trx,
      first.map(({ key }) => key),
    )
    let events = 0
    const end = first.findIndex(({ key }, i) => {
      events += sizes.get(key) ?? 0
      return i > 0 && events > EVENTS
    })
    const own = end === -1 ? first : first.slice(0, end)
    return own.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  /** Works on keys at once. Where that throws, one by one: who cannot be derived is set aside and stops nobody. */
  const workOff = async <Key extends string>(
    stage: DeriveStage,
    claim: WorkClaim,
    marks: Mark<Key>[],
    work: (marks: Mark<Key>[], done: (trx: Transaction<Database>) => Promise<void>) => Promise<boolean>,
  ) => {
    const attempt = async (some: Mark<Key>[]) => {
      const keys = some.map(({ key }) => key)
      if (await work(some, (trx) => forgetFailures(trx, stage, keys))) deps.onDerived?.(stage, some.length)
    }
    try {
      return await attempt(marks)
    } catch (error) {
      if (!isPoison(error)) throw error
    }
    for (const mark of marks) {
      try {
        await attempt([mark])
      } catch (error) {
        if (!isPoison(error)) throw error
        const failed = { stage, mark, error: error instanceof Error ? error.message : String(error), at: now() }
        await write(claim, (trx) => recordFailure(trx, failed))
        deps.onFailure?.(stage, error)
      }
    }
  }

  const visitors = async () => {
    const claim = ownership.keys()
    if (claim === null) return false
    const { marks, isGone, spansOf } = await read(async (trx) => {
      const marked = await markedVisitors(trx, claim)
      const hashes = new Map(marked.map(({ key }) => [key, tombstone(key)]))
      const tombstones = await findTombstones(trx, [...hashes.values()])
      // Who goes from now on is marked once more.
      const isGone = (key: string) => tombstones.has(mustGet(hashes, key))
      // Who is gone goes at once; who is new does not wait for those that send all the time.
      const dueAt = ({ key }: Mark) => (isGone(key) ? 0 : (pace.dueAt(key) ?? 0))
      const time = pace.now()
      const due = marked.filter((mark) => dueAt(mark) <= time).sort((a, b) => dueAt(a) - dueAt(b))
      const spans = await findErasedSpans(trx, [...hashes.values()])
      const spansOf = (key: string) => spans.get(mustGet(hashes, key)) ?? []
      return { marks: await fitting(trx, due), isGone, spansOf }
    })
    if (marks.length === 0) return after !== ''
    await workOff('visitor', claim, marks, async (some, done) => {
      const began = performance.now()
      const keys = some.map(({ key }) => key)
      const staying = keys.filter((key) => !isGone(key))
      const siteOf = (id: string) => sites.get(id) ?? unknownSite(id)
      const erased = new Map(staying.filter((key) => spansOf(key).length > 0).map((key) => [key, spansOf(key)]))
      if (erased.size > 0) {
        const tails = tailsOf(await read((trx) => loadVisitors(trx, [...erased.keys()])), erased, siteOf)
        if (!(await write(claim, (trx) => removeSpansAndTails(trx, erased, tails, tombstone)))) return false
      }
      const facts = await read((trx) => loadVisitors(trx, staying))
      const rows = deriveVisitors(facts, siteOf)
      const written = await write(claim, async (trx) => {
        await writeVisitors(trx, some, rows, keys.filter(isGone))
        await done(trx)
      })
      if (written) pace.worked(facts, performance.now() - began)
      return written
    })
    return true
  }

  const replace = (claim: WorkClaim, marks: Mark<PersonId>[]) =>
    workOff('person', claim, marks, async (some, done) => {
      const keys = some.map(({ key }) => key)
      const rows = await read((trx) => buildPersons(trx, keys))
      return write(claim, async (trx) => {
        await replacePersons(trx, some, rows, now())
        await done(trx)
      })
    })

  const persons = async () => {
    const claim = ownership.keys()
    if (claim === null) return false
    const marks = await read((trx) => readMarks(trx, 'dirty_persons', PERSONS, { buckets: claim.buckets }))
    if (marks.length > 0) await replace(claim, marks)
    return marks.length > 0
  }

  const edges = async () => {
    const claim = ownership.keys()
    if (claim === null) return false
    const due = await read((trx) => personsPastEdge(trx, now(), PERSONS, claim.buckets))
    if (due.length === 0) return false
    // No mark has this generation: one that is made meanwhile stays.
    const marks = due.map((key) => ({ key, generation: 0 }))
    await workOff('person', claim, marks, (some, done) =>
      write(claim, async (trx) => {
        await crossEdges(
          trx,
          some.map(({ key }) => key),
          now(),
        )
        await done(trx)
      }),
    )
    return true
  }

  const definitions = async () => {
    const claim = ownership.keys()
    if (claim === null || !(await hasJudging(db, claim.buckets))) return false
    return write(claim, (trx) => judgeAgain(trx, claim.buckets, now(), PERSONS))
  }

  const feed = async () => {
    const claim = ownership.feed()
    if (claim === null) return false
    const marks = await read(async (trx) => {
      if (await readRebuild(trx)) return []
      return tellable(trx, await readMarks(trx, 'dirty_contacts', PERSONS))
    })
    if (marks.length === 0) return false
    await workOff('contact', claim, marks, async (some, done) => {
      const { told, changes } = await read(async (trx) => {
        const told = await tellable(trx, some)
        const keys = told.map(({ key }) => key)
        const facts = await loadMatchFacts(trx, keys)
        const survivors = await survivorsOf(
          trx,
          keys.filter((key) => !facts.has(key)),
        )
        return { told, changes: changesOf(keys, facts, await loadFeedStates(trx, keys), survivors) }
      })
      return write(claim, async (trx) => {
        await appendChanges(trx, changes, now())
        await clearMarks(trx, 'dirty_contacts', told)
        await done(trx)
      })
    })
    return true
  }

  const rebuild = async () => {
    const claim = ownership.feed()
    if (claim === null || (await readRebuild(db)) === null) return false
    return transact(db, async (trx) => {
      await claim.hold(trx)
      return rebuildStep(trx)
    })
  }

  return {
    async round() {
      // Whoever was derived before its person has today's text would be listed under both.
      if ((await readRebuild(db))?.phase === 'texts') return rebuild()
      const stages = [visitors, persons, edges, definitions, rebuild, feed]
      let found = false
      for (const stage of stages) found = (await stage()) || found
      return found
    },
  }
}

/** Facts may name a site that is not there; they are derived by the defaults. */
function unknownSite(id: string): Site {
  return { id, origins: [], write_key: '', identity_secret: '', link_secret: '', settings: defaultSettings() }
}
