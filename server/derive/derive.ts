/**
 * One round of deriving: dirty visitors, then the persons they touch, then memberships whose edge time has crossed,
 * then the feed. Each step is one short transaction and removes only the marks it has worked off, so a round that is
 * cut short is simply done again.
 */
import type { Kysely } from 'kysely'
import type { Site } from '../domain/settings.ts'
import { clearMarks, type Mark, readMarks } from '../store/dirty.ts'
import { isRebuilding } from '../store/rebuild.ts'
import type { Database } from '../store/schema.ts'
import { publish } from './feed.ts'
import { crossEdges, derivePersons } from './person.ts'
import { deriveVisitors } from './visitor.ts'

/** Keys of one transaction. */
const VISITORS = 200
const PERSONS = 500

/** A visitor that sends all the time is derived at most this often. */
const BUSY_MS = 500

/** Derives rounds. `round` returns whether it found anything to do. */
export type Deriver = { round(): Promise<boolean> }

/** What deriving needs. `site` gives a site as it is configured now. */
export type DeriveDeps = { db: Kysely<Database>; site: (id: string) => Site; now: () => number }

/** A deriver, which remembers when it last worked on a visitor, and where in the keys it stopped. */
export function createDeriver({ db, site, now }: DeriveDeps): Deriver {
  const lastDerived = new Map<string, number>()
  let after = ''

  const dueVisitors = async (): Promise<Mark[]> => {
    const marks = await readMarks(db, 'dirty_visitors', VISITORS, after)
    after = marks.length === VISITORS ? marks.at(-1)!.key : ''
    const time = now()
    // A clock that was set back makes nobody wait until it has caught up.
    const rests = (since: number) => since > time - BUSY_MS && since <= time
    if (lastDerived.size > 100_000) lastDerived.clear()
    return marks.filter((mark) => !rests(lastDerived.get(mark.key) ?? 0))
  }

  const visitors = async () => {
    const marks = await dueVisitors()
    if (marks.length === 0) return after !== ''
    await db.transaction().execute(async (trx) => {
      const keys = marks.map((mark) => mark.key)
      await deriveVisitors(trx, keys, site)
      await clearMarks(trx, 'dirty_visitors', marks)
    })
    for (const { key } of marks) lastDerived.set(key, now())
    return true
  }

  const persons = async () => {
    const marks = await readMarks(db, 'dirty_persons', PERSONS)
    if (marks.length === 0) return false
    await db.transaction().execute(async (trx) => {
      const keys = marks.map((mark) => mark.key)
      await derivePersons(trx, keys, now())
      await clearMarks(trx, 'dirty_persons', marks)
    })
    return true
  }

  const feed = async () => {
    if (await isRebuilding(db)) return false
    const marks = await readMarks(db, 'dirty_contacts', PERSONS)
    if (marks.length === 0) return false
    await db.transaction().execute(async (trx) => {
      const keys = marks.map((mark) => mark.key)
      await publish(trx, keys, now())
      await clearMarks(trx, 'dirty_contacts', marks)
    })
    return true
  }

  const edges = () => db.transaction().execute(async (trx) => (await crossEdges(trx, now(), PERSONS)) > 0)

  return {
    async round() {
      const found = [await visitors(), await persons(), await edges(), await feed()]
      return found.some(Boolean)
    },
  }
}
