/**
 * Publishes the parameters of scores and keeps customers' scores current: each day of the shop, on request, and while a young
 * shop grows. The process that publishes the feed does so, in slices of a few milliseconds between other work.
 *
 * A new version or a new day changes most scores only a little. Everybody is looked at, and those whose scores, or whose
 * place in a condition on the probability to be a customer, have changed are marked to be derived and judged again.
 */
import type { Kysely, Transaction } from 'kysely'
import { type AsOf, collectBounds, collectFit, mainOf, PUBLISHED_COUNTING } from '../domain/scores/parameters.ts'
import { type Counting, createHistory } from '../domain/scores/person-scores.ts'
import { hasMoved, type VersionDay } from '../domain/scores/standing.ts'
import { dayNumberIn } from '../domain/zone.ts'
import { listSegments } from '../segments/definitions.ts'
import { readShop } from '../segments/rules.ts'
import { aliveLimits } from '../segments/score-limits.ts'
import { type Customer, createCustomerReader } from '../store/customers.ts'
import { snapshot, transact } from '../store/engine/transact.ts'
import { countScored, pageOfScores } from '../store/person-scores.ts'
import type { Database } from '../store/schema.ts'
import {
  addScoreVersion,
  latestScoreVersion,
  listScoreVersions,
  noteScoreWork,
  type PublishedVersion,
  readScoreWork,
  type ScoreWork,
  scoresRequestedAt,
} from '../store/score-versions.ts'
import { hasMarks, mark } from '../store/work/dirty.ts'
import type { Ownership } from '../store/work/ownership.ts'
import { readRebuild } from './rebuild.ts'

/** How often it is looked whether there is something to do, and whether the shop has grown. */
const LOOK_MS = 1000
const LOOK_GROWTH_MS = 30_000

/** Orders, rows of scores, and evaluations of a customer's likelihood in one slice. */
const ORDERS = 2000
const ROWS = 500
const EVALUATIONS = 50_000

/** A shop that has grown by a tenth, and by so many customers, gets new parameters before the day is over. */
const GROWTH = 1.1
const FEW = 20

/** The dependencies. `now` is the wall clock's time. */
export type ScoresDeps = { db: Kysely<Database>; ownership: Ownership; now: () => number }

/** Creates the keeping of scores. `step` does a slice of work, and returns whether there was any. */
export function createScores({ db, ownership, now }: ScoresDeps): { step(): Promise<boolean> } {
  let task: AsyncGenerator<undefined, void> | null = null
  let lookedAt = -Infinity
  let grownAt = -Infinity

  /** Writes, unless another process has taken over. */
  const write = (work: (trx: Transaction<Database>) => Promise<void>) => {
    const claim = ownership.feed()
    if (claim === null) return Promise.resolve()
    return transact(db, async (trx) => {
      await claim.hold(trx)
      await work(trx)
    })
  }

  async function* publish(before: ScoreWork | null): AsyncGenerator<undefined, void> {
    const { zone, currency: assumed } = await readShop(db)
    const at = now()
    const asOf = { at, day: dayNumberIn(zone, at) }
    let currency = (await latestScoreVersion(db))?.currency ?? assumed
    let collected = startCollecting({ ...PUBLISHED_COUNTING, zone, currency }, asOf)
    // The orders say in the end which currency is the main one. If it is another one, they are read once more.
    for (let again = true; again; ) {
      const reader = createCustomerReader(db)
      for (let page = await reader.next(ORDERS); page !== null; page = await reader.next(ORDERS)) {
        page.forEach(collected.add)
        yield
      }
      const main = collected.currency() ?? currency
      again = main !== currency
      currency = main
      if (again) collected = startCollecting({ ...PUBLISHED_COUNTING, zone, currency }, asOf)
    }
    const { counting, bounds, fitting } = collected
    while (!bounds.step()) yield
    while (!fitting.step(EVALUATIONS)) yield
    const parameters = { ...counting, bounds: bounds.bounds(), ...fitting.result() }
    await write(async (trx) => {
      const last = await latestScoreVersion(trx)
      if (last === null || !isSame(last, parameters)) {
        const version = (last?.version ?? 0) + 1
        // Times of versions ascend, whatever the clock does.
        await addScoreVersion(trx, { ...parameters, version, at: Math.max(now(), (last?.at ?? 0) + 1) })
      }
      const judged = { judgedVersion: before?.judgedVersion ?? 0, judgedDay: before?.judgedDay ?? 0 }
      await noteScoreWork(trx, { ...judged, at, day: asOf.day, customers: await countScored(trx) })
    })
  }

  async function* judge(work: ScoreWork, version: PublishedVersion, day: number): AsyncGenerator<undefined, void> {
    const former = (await listScoreVersions(db)).find((each) => each.version === work.judgedVersion)
    const before: VersionDay | null = former ? { version: former, day: work.judgedDay } : null
    const limits = aliveLimits((await listSegments(db)).map(({ node }) => node))
    for (let after = null; ; ) {
      const rows = await pageOfScores(db, after, ROWS)
      const last = rows.at(-1)
      if (last === undefined) break
      after = last.person_id
      const moved = rows.filter((row) => hasMoved(row, before, { version, day }, limits))
      await write((trx) =>
        mark(
          trx,
          'dirty_persons',
          moved.map((row) => row.person_id),
        ),
      )
      yield
    }
    await write((trx) => noteScoreWork(trx, { ...work, judgedVersion: version.version, judgedDay: day }))
  }

  /** Whether new parameters are due: on request, on a new day, for the first customers, and when there are many more. */
  const isDue = async (trx: Transaction<Database>, work: ScoreWork | null, today: number): Promise<boolean> => {
    const requested = await scoresRequestedAt(trx)
    if (requested > (work?.at ?? 0) || (work !== null && work.day !== today)) return true
    const isFirst = work === null
    if (!isFirst && Math.abs(now() - grownAt) < LOOK_GROWTH_MS) return false
    grownAt = now()
    const customers = await countScored(trx)
    const most = isFirst ? 0 : work.customers * GROWTH + FEW
    return customers > most && !(await hasMarks(trx, 'dirty_persons'))
  }

  /** What is to be done, if anything. */
  const look = async () => {
    return snapshot(db, async (trx) => {
      const work = await readScoreWork(trx)
      const { zone } = await readShop(trx)
      const today = dayNumberIn(zone, now())
      // Half of the orders would make half of the truth.
      if ((await readRebuild(trx)) === null && (await isDue(trx, work, today))) return publish(work)
      const version = await latestScoreVersion(trx)
      if (work === null || version === null) return null
      const isJudged = work.judgedVersion === version.version && work.judgedDay === today
      return isJudged ? null : judge(work, version, today)
    })
  }

  return {
    async step() {
      if (ownership.feed() === null) {
        task = null
        return false
      }
      const time = now()
      // A clock that went back is no reason to wait.
      if (task === null && Math.abs(time - lookedAt) >= LOOK_MS) {
        lookedAt = time
        task = await look()
      }
      if (task === null) return false
      const running = task
      task = null
      const { done } = await running.next()
      // One task follows another at once.
      if (done) lookedAt = -Infinity
      else task = running
      return true
    },
  }
}

/** Starts to collect customers for parameters. */
function startCollecting(counting: Counting, asOf: AsOf) {
  const bounds = collectBounds(counting.currency)
  const fitting = collectFit(asOf)
  const ordersIn = new Map<string, number>()
  return {
    ...{ counting, bounds, fitting },
    add({ personId, orders }: Customer): void {
      const history = createHistory(orders, counting)
      const input = history.rfmAt(asOf.at, asOf.day)
      if (input !== null) bounds.add(input)
      fitting.add(personId, history)
      for (const { currency } of orders) ordersIn.set(currency, (ordersIn.get(currency) ?? 0) + 1)
    },
    /** The main currency of those who were added. */
    currency: () => mainOf(ordersIn),
  }
}

type Parameters = Omit<PublishedVersion, 'version' | 'at'>

function isSame(last: Parameters, next: Parameters): boolean {
  const told = ({ zone, currency, windowDays, money, bounds, fit, lack }: Parameters) =>
    JSON.stringify([zone, currency, windowDays, money, bounds, fit, lack])
  return told(last) === told(next)
}
