/**
 * A rebuild: everything derived is made again from the facts, a slice of keys after the other. What is there is replaced
 * key by key and never emptied, so readers see for each visitor the state before or the state after; the feed is
 * silent until all is done, so that nothing is told of a state between the two.
 *
 * A rebuild asks for keys by marks of a generation so high that no other mark has it. A slice is handed out when the
 * one before is nearly worked off: what arrives meanwhile waits for no more than a slice, and the end is reached however
 * much arrives. Where it stands is a row of `meta`, so it goes on after a restart, whoever derives.
 */
import type { Kysely, Transaction } from 'kysely'
import { type PersonId, storedPerson } from '../domain/ids.ts'
import { ofKeys } from '../store/engine/many.ts'
import { listFormerPersons, renewPersons } from '../store/former-persons.ts'
import { isNumber, isObjectOf, isText, readMetaJson, writeMeta } from '../store/meta.ts'
import type { Database } from '../store/schema.ts'
import { VISITOR_TABLES } from '../store/tables.ts'
import { partsOf } from '../store/visitor-persons.ts'
import { mark, markForRebuild, REBUILD_GENERATION } from '../store/work/dirty.ts'

/** Keys of a slice, and how many of the one before may be left. */
const SLICE = 1000
const NEARLY_DONE = 200

/**
 * First persons under the texts of an earlier version get today's. Then all visitors, which makes the persons of each
 * again; then those persons that are still marked; then persons and members that belong to nobody; then all contacts that
 * the feed has told of.
 */
const PHASES = ['texts', 'visitors', 'marked', 'persons', 'members', 'contacts'] as const

/** Where a rebuild stands: all keys of its phase up to `after` are handed out. `total` is what was expected. */
export type Rebuild = { phase: (typeof PHASES)[number]; after: string; visitors: number; total: number }

const isRebuild = isObjectOf<Rebuild>({
  phase: (value) => PHASES.some((phase) => phase === value),
  after: isText,
  visitors: isNumber,
  total: isNumber,
})

/** Begins a rebuild; one that is under way begins anew. */
export async function beginRebuild(db: Kysely<Database>): Promise<void> {
  const { total } = await db
    .selectFrom('visitors')
    .select((eb) => eb.fn.countAll().as('total'))
    .executeTakeFirstOrThrow()
  await note(db, 'rebuilding', { phase: 'texts', after: '', visitors: 0, total: Number(total) })
}

/** The rebuild that is under way, or null. */
export function readRebuild(db: Kysely<Database>): Promise<Rebuild | null> {
  return readMetaJson(db, 'rebuilding', isRebuild)
}

/** How many visitors the last rebuild that ended has made again. */
export async function rebuiltVisitors(db: Kysely<Database>): Promise<number> {
  return (await readMetaJson(db, 'rebuilt', isRebuild))?.visitors ?? 0
}

/** How many keys are handed out and not made again yet. */
export async function rebuildLeft(db: Kysely<Database>, limit: number): Promise<number> {
  let left = 0
  for (const table of ['dirty_visitors', 'dirty_persons'] as const) {
    const rows = await db
      .selectFrom(table)
      .select('key')
      .where('generation', '>=', REBUILD_GENERATION)
      .limit(limit)
      .execute()
    left += rows.length
  }
  return left
}

/** Hands out the next slice if it is time. Returns whether it did. Of one process at a time. */
export async function rebuildStep(trx: Transaction<Database>): Promise<boolean> {
  const rebuild = await readRebuild(trx)
  if (!rebuild) return false
  // Nothing is derived while persons get other texts, so there is nothing to wait for.
  const left = rebuild.phase === 'texts' ? 0 : await rebuildLeft(trx, NEARLY_DONE + 1)
  if (left > NEARLY_DONE) return false
  const slice = await nextSlice(trx, rebuild)
  const last = slice.at(-1)
  if (last !== undefined) {
    await handOut(trx, rebuild.phase, slice)
    const visitors = rebuild.visitors + (rebuild.phase === 'visitors' ? slice.length : 0)
    await note(trx, 'rebuilding', { ...rebuild, visitors, after: last })
    return true
  }
  // The next phase goes by what this one has made.
  if (left > 0) return false
  const next = PHASES[PHASES.indexOf(rebuild.phase) + 1]
  if (next) await note(trx, 'rebuilding', { ...rebuild, phase: next, after: '' })
  else {
    await trx.deleteFrom('meta').where('name', '=', 'rebuilding').execute()
    await note(trx, 'rebuilt', rebuild)
  }
  return true
}

function note(db: Kysely<Database>, name: 'rebuilding' | 'rebuilt', rebuild: Rebuild): Promise<void> {
  return writeMeta(db, name, JSON.stringify(rebuild))
}

async function handOut(trx: Transaction<Database>, phase: Rebuild['phase'], slice: string[]): Promise<void> {
  switch (phase) {
    case 'texts':
      return renewPersons(trx, slice.map(storedPerson))
    case 'visitors':
      return markForRebuild(trx, 'dirty_visitors', slice)
    case 'marked':
      return markForRebuild(trx, 'dirty_persons', slice.map(storedPerson))
    case 'persons':
      return markForRebuild(trx, 'dirty_persons', await ofNobody(trx, partsOf, slice.map(storedPerson)))
    case 'members':
      return markForRebuild(trx, 'dirty_persons', await ofNobody(trx, selectPersons, slice.map(personOfMember)))
    case 'contacts':
      // Those whose match ends with the rebuild are told so too.
      return mark(trx, 'dirty_contacts', slice)
  }
}

const selectPersons = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('persons').select('person_id').where('person_id', 'in', personIds),
)

/** Those of the persons that nothing belongs to. */
async function ofNobody(
  db: Kysely<Database>,
  rowsOf: (db: Kysely<Database>, personIds: PersonId[]) => Promise<{ person_id: PersonId }[]>,
  personIds: PersonId[],
): Promise<PersonId[]> {
  const there = new Set((await rowsOf(db, personIds)).map((row) => row.person_id))
  return personIds.filter((id) => !there.has(id))
}

/** Keys in order; rows that should not be there have theirs too, and go when nothing comes of them. */
async function nextSlice(db: Kysely<Database>, { phase, after }: Rebuild): Promise<string[]> {
  switch (phase) {
    case 'texts':
      return listFormerPersons(db, storedPerson(after), SLICE)
    case 'visitors': {
      const keys = new Set<string>()
      for (const table of ['events', ...VISITOR_TABLES] as const) {
        for (const key of await keysAfter(db, table, 'visitor_id', after)) keys.add(key)
      }
      return [...keys].sort().slice(0, SLICE)
    }
    case 'marked':
      return keysAfter(db, 'dirty_persons', 'key', after)
    case 'persons':
      return keysAfter(db, 'persons', 'person_id', after)
    case 'members':
      return nextMembers(db, after)
    case 'contacts':
      return keysAfter(db, 'feed_state', 'contact_id', after)
  }
}

async function keysAfter(
  db: Kysely<Database>,
  table: keyof Database,
  column: string,
  after: string,
): Promise<string[]> {
  const key = db.dynamic.ref<string>(column)
  const query = db.selectFrom(table).select(key).distinct().where(key, '>', after).orderBy(key).limit(SLICE)
  return (await query.execute()).map((row) => (row as Record<string, unknown>)[column] as string)
}

async function nextMembers(db: Kysely<Database>, after: string): Promise<string[]> {
  const [segment = '', person = ''] = after.split('\n')
  const rows = await db
    .selectFrom('segment_members')
    .select(['segment_id', 'person_id'])
    .where((eb) =>
      eb.or([
        eb('segment_id', '>', segment),
        eb.and([eb('segment_id', '=', segment), eb('person_id', '>', storedPerson(person))]),
      ]),
    )
    .orderBy('segment_id')
    .orderBy('person_id')
    .limit(SLICE)
    .execute()
  return rows.map((row) => `${row.segment_id}\n${row.person_id}`)
}

function personOfMember(key: string): PersonId {
  return storedPerson(key.slice(key.indexOf('\n') + 1))
}
