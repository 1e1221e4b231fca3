/**
 * A rebuild: everything derived is recomputed from the facts, one slice of keys at a time. Rows are replaced key by key
 * and never emptied, so readers see each visitor's state either before or after; the feed pauses until the rebuild is
 * complete, so that it never publishes a state in between.
 *
 * A rebuild marks keys with a generation so high that no other mark reaches it. It marks the next slice when the
 * previous one is nearly done: new work waits for at most one slice, and the rebuild finishes however much arrives. Its
 * position is a row of `meta`, so it continues after a restart, in whichever process derives.
 */
import type { Kysely, Transaction } from 'kysely'
import { type ContactId, contactPerson, contactsAmong, type PersonId, storedPerson } from '../domain/ids.ts'
import { ofKeys } from '../store/engine/many.ts'
import { listFormerPersons, renewPersons } from '../store/former-persons.ts'
import { isNumber, isObjectOf, isText, readMetaJson, writeMeta } from '../store/meta.ts'
import type { Database } from '../store/schema.ts'
import { PART_TABLES, VISITOR_TABLES } from '../store/tables.ts'
import { partsOf } from '../store/visitor-persons.ts'
import { mark, markForRebuild, REBUILD_GENERATION } from '../store/work/dirty.ts'

/** Keys per slice, and how many of the previous slice may be left when the next one is marked. */
const SLICE = 1000
const NEARLY_DONE = 200

/**
 * First, persons stored under the ids of an earlier version are moved to their current ids. Then come all visitors, which
 * marks their persons too; then the persons that are still marked; then the contacts of the CRM without visits; then persons
 * and members that nothing supports; then all contacts that the feed has published.
 */
const PHASES = ['texts', 'visitors', 'marked', 'crm', 'persons', 'members', 'contacts'] as const

/** The position of a rebuild: all keys of its phase up to `after` are marked. `total` is the expected number of visitors. */
export type Rebuild = { phase: (typeof PHASES)[number]; after: string; visitors: number; total: number }

const isRebuild = isObjectOf<Rebuild>({
  phase: (value) => PHASES.some((phase) => phase === value),
  after: isText,
  visitors: isNumber,
  total: isNumber,
})

/** Starts a rebuild; one in progress starts over. */
export async function beginRebuild(db: Kysely<Database>): Promise<void> {
  const { total } = await db
    .selectFrom('visitors')
    .select((eb) => eb.fn.countAll().as('total'))
    .executeTakeFirstOrThrow()
  await save(db, 'rebuilding', { phase: 'texts', after: '', visitors: 0, total: Number(total) })
}

/** The rebuild in progress, or null. */
export function readRebuild(db: Kysely<Database>): Promise<Rebuild | null> {
  return readMetaJson(db, 'rebuilding', isRebuild)
}

/** How many visitors the last completed rebuild derived. */
export async function rebuiltVisitors(db: Kysely<Database>): Promise<number> {
  return (await readMetaJson(db, 'rebuilt', isRebuild))?.visitors ?? 0
}

/** How many keys are marked by the rebuild and not derived yet, counted up to `limit` per table. */
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

/** Marks the next slice, or moves to the next phase, if it is time. Returns whether it did. Runs in one process at a time. */
export async function rebuildStep(trx: Transaction<Database>): Promise<boolean> {
  const rebuild = await readRebuild(trx)
  if (!rebuild) return false
  // Nothing is derived while persons get their current ids, so there is nothing to wait for.
  const left = rebuild.phase === 'texts' ? 0 : await rebuildLeft(trx, NEARLY_DONE + 1)
  if (left > NEARLY_DONE) return false
  const slice = await nextSlice(trx, rebuild)
  const last = slice.at(-1)
  if (last !== undefined) {
    await markSlice(trx, rebuild.phase, slice)
    const visitors = rebuild.visitors + (rebuild.phase === 'visitors' ? slice.length : 0)
    await save(trx, 'rebuilding', { ...rebuild, visitors, after: last })
    return true
  }
  // The next phase depends on the complete result of this one.
  if (left > 0) return false
  const next = PHASES[PHASES.indexOf(rebuild.phase) + 1]
  if (next) await save(trx, 'rebuilding', { ...rebuild, phase: next, after: '' })
  else {
    await trx.deleteFrom('meta').where('name', '=', 'rebuilding').execute()
    await save(trx, 'rebuilt', rebuild)
  }
  return true
}

function save(db: Kysely<Database>, name: 'rebuilding' | 'rebuilt', rebuild: Rebuild): Promise<void> {
  return writeMeta(db, name, JSON.stringify(rebuild))
}

async function markSlice(trx: Transaction<Database>, phase: Rebuild['phase'], slice: string[]): Promise<void> {
  switch (phase) {
    case 'texts':
      return renewPersons(trx, slice.map(storedPerson))
    case 'visitors':
      return markForRebuild(trx, 'dirty_visitors', slice)
    case 'marked':
      return markForRebuild(trx, 'dirty_persons', slice.map(storedPerson))
    case 'crm':
      return markForRebuild(trx, 'dirty_persons', await withoutRows(trx, partsOf, slice.map(contactPerson)))
    case 'persons': {
      const alone = await withoutRows(trx, partsOf, slice.map(storedPerson))
      // Those that are contacts are marked already.
      return markForRebuild(trx, 'dirty_persons', await withoutRows(trx, selectContacts, alone))
    }
    case 'members':
      return markForRebuild(trx, 'dirty_persons', await withoutRows(trx, selectPersons, slice.map(personOfMember)))
    case 'contacts':
      // Includes the contacts whose match ends with the rebuild.
      return mark(trx, 'dirty_contacts', slice)
  }
}

const selectPersons = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('persons').select('person_id').where('person_id', 'in', personIds),
)

/** The persons of contacts that the CRM knows. */
async function selectContacts(db: Kysely<Database>, personIds: PersonId[]): Promise<{ person_id: PersonId }[]> {
  const rows = await selectKnown(db, contactsAmong(personIds))
  return rows.map((row) => ({ person_id: contactPerson(row.contact_id) }))
}

const selectKnown = ofKeys((db, contactIds: ContactId[]) =>
  db.selectFrom('contacts').select('contact_id').where('contact_id', 'in', contactIds).where('erased_at', 'is', null),
)

/** The persons for which `rowsOf` finds no row. */
async function withoutRows(
  db: Kysely<Database>,
  rowsOf: (db: Kysely<Database>, personIds: PersonId[]) => Promise<{ person_id: PersonId }[]>,
  personIds: PersonId[],
): Promise<PersonId[]> {
  const found = new Set((await rowsOf(db, personIds)).map((row) => row.person_id))
  return personIds.filter((id) => !found.has(id))
}

/** The next keys in order, stale rows included: those are deleted when deriving yields nothing for them. */
async function nextSlice(db: Kysely<Database>, { phase, after }: Rebuild): Promise<string[]> {
  switch (phase) {
    case 'texts':
      return listFormerPersons(db, storedPerson(after), SLICE)
    case 'visitors':
      return keysOfAny(db, ['events', ...VISITOR_TABLES], 'visitor_id', after)
    case 'marked':
      return keysAfter(db, 'dirty_persons', 'key', after)
    case 'crm':
      return contactsAfter(db, after)
    case 'persons':
      return keysOfAny(db, ['persons', ...PART_TABLES], 'person_id', after)
    case 'members':
      return nextMembers(db, after)
    case 'contacts':
      return keysAfter(db, 'feed_state', 'contact_id', after)
  }
}

async function keysOfAny(
  db: Kysely<Database>,
  tables: (keyof Database)[],
  column: string,
  after: string,
): Promise<string[]> {
  const keys = new Set<string>()
  for (const table of tables) for (const key of await keysAfter(db, table, column, after)) keys.add(key)
  return [...keys].sort().slice(0, SLICE)
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

async function contactsAfter(db: Kysely<Database>, after: string): Promise<string[]> {
  const query = db.selectFrom('contacts').select('contact_id').where('contact_id', '>', after)
  const rows = await query.where('erased_at', 'is', null).orderBy('contact_id').limit(SLICE).execute()
  return rows.map((row) => row.contact_id)
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
