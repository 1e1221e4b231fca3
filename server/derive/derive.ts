/**
 * One round of deriving: dirty visitors, then the persons they affect, then memberships whose edge time has passed,
 * then the log of memberships and the feed. Each step reads all its input from one snapshot, computes the result, and writes it in a short
 * transaction that removes only the marks which have not moved since. The feed therefore never publishes a partly
 * visible change, and an interrupted round is simply repeated.
 *
 * Several processes can derive at the same time: each claims its share of the keys before it reads, and its writes are
 * refused if its claim or the configuration has changed in the meantime.
 */

import type { Kysely, Transaction } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import { mustGet } from '../domain/lookup.ts'
import { defaultSettings, type Site } from '../domain/settings.ts'
import { dayNumberIn } from '../domain/zone.ts'
import { hasJudging } from '../segments/judging-step.ts'
import { personsPastEdge } from '../segments/members.ts'
import { readShop } from '../segments/rules.ts'
import { configVersion } from '../store/config-version.ts'
import { visitorsOfDeleted } from '../store/deleted-sites.ts'
import { isPoison, snapshot, transact } from '../store/engine/transact.ts'
import { findErasedSpans } from '../store/erased-spans.ts'
import { appendChanges } from '../store/feed.ts'
import { hasPending, publishMemberships } from '../store/membership-log.ts'
import { buildPersons } from '../store/persons.ts'
import type { DeriveStage } from '../store/schema/work.ts'
import type { Database } from '../store/schema.ts'
import { listSites } from '../store/sites.ts'
import { findTombstones } from '../store/tombstones.ts'
import { writeVisitors } from '../store/visitor-rows.ts'
import { sizesOf } from '../store/visitors.ts'
import { forgetFailures, recordFailure } from '../store/work/derive-failures.ts'
import { clearMarks, type Mark, readMarks } from '../store/work/dirty.ts'
import type { Ownership, WorkClaim } from '../store/work/ownership.ts'
import { cleanedFacts } from './cleaned-facts.ts'
import { feedMarks, readFeedChanges } from './feed.ts'
import { createPace } from './pace.ts'
import { crossEdges, judgeAgain, replacePersons } from './person.ts'
import { readRebuild, rebuildStep } from './rebuild.ts'
import { deriveVisitors } from './visitor.ts'

/** The most marks that a round reads while looking for visitors that are not cooling down. */
const MAX_MARKS_READ = 4096

/** Keys per transaction. */
const VISITORS = 256
const PERSONS = 512

/** Entries and exits per transaction of the publisher. */
const MEMBERSHIPS = 2000

/** Events per transaction, by the visitors' last known counts, so that landing does not wait too long for its turn. */
const EVENTS = 5000

/** Derives rounds. `round` returns whether it found anything to do. */
export type Deriver = { round(): Promise<boolean> }

/** The dependencies of a deriver. */
export type DeriveDeps = {
  db: Kysely<Database>
  ownership: Ownership
  /** The keyed hash under which a removed visitor's tombstone is stored. */
  tombstone: (visitorId: string) => string
  /** Encrypts the id of somebody who is no more, of whom readers are still told. */
  seal: (text: string) => string
  now: () => number
  /** Called with the number of keys derived. */
  onDerived?: (stage: DeriveStage, keys: number) => void
  /** Called for each key that was set aside because its derivation threw. */
  onFailure?: (stage: DeriveStage, error: unknown) => void
}

type Work = (trx: Transaction<Database>) => Promise<void>

/** Creates a deriver, which keeps its visitors' cool-downs, its position among the keys, and the sites between rounds. */
export function createDeriver(deps: DeriveDeps): Deriver {
  const { db, ownership, tombstone, seal, now } = deps
  let pace = createPace()
  let after = ''
  let version = -1
  let sites = new Map<string, Site>()

  const refreshSites = async (trx: Transaction<Database>) => {
    const current = await configVersion(trx)
    if (current === version) return
    sites = new Map((await listSites(trx)).map((site) => [site.id, site]))
    version = current
    // The configuration changed or the store was emptied, so earlier cool-downs no longer apply.
    pace = createPace()
  }

  const siteOf = (id: string) => sites.get(id) ?? unknownSite(id)

  /** Reads from one snapshot, with the configuration of that snapshot. */
  const read = <T>(work: (trx: Transaction<Database>) => Promise<T>): Promise<T> =>
    snapshot(db, async (trx) => {
      await refreshSites(trx)
      return work(trx)
    })

  /** Writes under the claim. Returns false, and writes nothing, if the configuration has changed since the read. */
  const write = (claim: WorkClaim, work: Work): Promise<boolean> =>
    transact(db, async (trx) => {
      await claim.hold(trx)
      if ((await configVersion(trx)) !== version) return false
      await work(trx)
      return true
    })

  /** Reads marks until enough of them belong to visitors that were not derived recently. */
  const markedVisitors = async (trx: Transaction<Database>, claim: WorkClaim): Promise<Mark[]> => {
    const marked: Mark[] = []
    let fresh = 0
    do {
      const marks = await readMarks(trx, 'dirty_visitors', VISITORS, { buckets: claim.buckets, after })
      marked.push(...marks)
      fresh += marks.filter(({ key }) => pace.dueAt(key) === null).length
      after = marks.length === VISITORS ? (marks.at(-1)?.key ?? '') : ''
    } while (after !== '' && fresh < VISITORS && marked.length < MAX_MARKS_READ)
    return marked
  }

  /** As many of the first visitors as stay within `EVENTS`, but at least one. */
  const takeBatch = async (trx: Transaction<Database>, marks: Mark[]): Promise<Mark[]> => {
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
    const batch = end === -1 ? first : first.slice(0, end)
    return batch.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  /** Derives keys together. If that throws, derives them one by one and sets aside those that fail. */
  const deriveMarks = async <Key extends string>(
    stage: DeriveStage,
    claim: WorkClaim,
    marks: Mark<Key>[],
    work: (marks: Mark<Key>[], done: (trx: Transaction<Database>) => Promise<void>) => Promise<boolean>,
  ) => {
    const attempt = async (batch: Mark<Key>[]) => {
      const keys = batch.map(({ key }) => key)
      if (await work(batch, (trx) => forgetFailures(trx, stage, keys))) deps.onDerived?.(stage, batch.length)
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
    const { marks, isRemoved, spansOf } = await read(async (trx) => {
      const marked = await markedVisitors(trx, claim)
      const hashes = new Map(marked.map(({ key }) => [key, tombstone(key)]))
      const tombstones = await findTombstones(trx, [...hashes.values()])
      // A visitor removed after this read is marked again.
      const ofDeleted = await visitorsOfDeleted(trx, [...hashes.keys()])
      const isRemoved = (key: string) => tombstones.has(mustGet(hashes, key)) || ofDeleted.has(key)
      // Removals are immediate, and new visitors do not wait for those that send all the time.
      const dueAt = ({ key }: Mark) => (isRemoved(key) ? 0 : (pace.dueAt(key) ?? 0))
      const time = pace.now()
      const due = marked.filter((mark) => dueAt(mark) <= time).sort((a, b) => dueAt(a) - dueAt(b))
      const spans = await findErasedSpans(trx, [...hashes.values()])
      const spansOf = (key: string) => spans.get(mustGet(hashes, key)) ?? []
      return { marks: await takeBatch(trx, due), isRemoved, spansOf }
    })
    if (marks.length === 0) return after !== ''
    await deriveMarks('visitor', claim, marks, async (batch, done) => {
      const began = performance.now()
      const keys = batch.map(({ key }) => key)
      const remaining = keys.filter((key) => !isRemoved(key))
      const access = { read, write: (work: Work) => write(claim, work), siteOf, tombstone, now }
      const facts = await cleanedFacts(remaining, spansOf, access)
      if (facts === null) return false
      const rows = deriveVisitors(facts, siteOf)
      const written = await write(claim, async (trx) => {
        await writeVisitors(trx, batch, rows, keys.filter(isRemoved))
        await done(trx)
      })
      if (written) pace.record(facts, performance.now() - began)
      return written
    })
    return true
  }

  const replace = (claim: WorkClaim, marks: Mark<PersonId>[]) =>
    deriveMarks('person', claim, marks, async (batch, done) => {
      const keys = batch.map(({ key }) => key)
      const built = await read((trx) => buildPersons(trx, keys, { siteOf, hash: tombstone }))
      return write(claim, async (trx) => {
        await replacePersons(trx, batch, built, now())
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
    // No real mark has generation 0, so one that is set in the meantime is kept.
    const marks = due.map((key) => ({ key, generation: 0 }))
    await deriveMarks('person', claim, marks, (batch, done) =>
      write(claim, async (trx) => {
        await crossEdges(
          trx,
          batch.map(({ key }) => key),
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
    const marks = await read((trx) => feedMarks(trx, now(), PERSONS))
    if (marks.length === 0) return false
    await deriveMarks('contact', claim, marks, async (batch, done) => {
      const { published, changes } = await read((trx) => readFeedChanges(trx, batch, now()))
      return write(claim, async (trx) => {
        await appendChanges(trx, changes, now())
        await clearMarks(trx, 'dirty_contacts', published)
        await done(trx)
      })
    })
    return true
  }

  const memberships = async () => {
    const claim = ownership.feed()
    if (claim === null || (await readRebuild(db)) !== null || !(await hasPending(db))) return false
    return transact(db, async (trx) => {
      await claim.hold(trx)
      const day = dayNumberIn((await readShop(trx)).zone, now())
      return publishMemberships(trx, { now: now(), day, limit: MEMBERSHIPS, seal })
    })
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
      // Visitors derived before their person has its current id would be listed under both ids.
      if ((await readRebuild(db))?.phase === 'texts') return rebuild()
      const stages = [visitors, persons, edges, definitions, rebuild, memberships, feed]
      let found = false
      for (const stage of stages) found = (await stage()) || found
      return found
    },
  }
}

/** Facts may name a site that does not exist; they are derived with the default settings. */
function unknownSite(id: string): Site {
  return { id, origins: [], write_key: '', identity_secret: '', link_secret: '', settings: defaultSettings() }
}
