/**
 * Contacts: the upsert of what a CRM pushes. The newest value of a field wins, whatever order the pushes arrive in; an
 * absent field is unchanged, null removes it. The same transaction updates the keyed hashes by which claims find a
 * contact, and marks every visitor and person that the change may affect.
 */
import type { Expression, Kysely, SqlBool, Transaction } from 'kysely'
import { contactPerson, type PersonId } from '../domain/ids.ts'
import { visitorsOfKeys } from './claim-keys.ts'
import { applyPatch, type ContactPatch, FIELDS, isNews, newRow, same, tellsNothing } from './contact-patch.ts'
import { chunks, ofKeys, ofRows } from './engine/many.ts'
import { transact } from './engine/transact.ts'
import { nextTurn, ROWS_A_TURN } from './engine/turns.ts'
import { keysBeside } from './holders.ts'
import { saysWord, spreadRefusals } from './mail-words.ts'
import { familyOf } from './merges.ts'
import type { ContactRow } from './schema/contacts.ts'
import type { Database } from './schema.ts'
import { findErased, yieldKeys } from './tombstones.ts'
import { mark } from './work/dirty.ts'
import { lockKeys, lockName } from './work/locks.ts'

/** The outcome of the patches. `erased` lists the indexes of those refused because their contact was erased. */
export type UpsertCounts = { created: number; updated: number; unchanged: number; erased: number[] }

/**
 * Computes the keyed hashes under which a contact is found; the first is that of the id alone, and the second that of the
 * address, if there is one that leads to the contact.
 */
export type KeysOf = (contact: { id: string; email: string | null; emailSha256: string | null }) => string[]

/** The import of a file that writes: rows say by its id that it wrote them last, and it is told what they were before. */
export type WritingImport<Row> = { id: string; note: (before: Row) => void }

const selectById = ofKeys((db, ids) => db.selectFrom('contacts').selectAll().where('contact_id', 'in', ids))
const selectKeysOf = ofKeys((db, ids) => db.selectFrom('contact_keys').selectAll().where('contact_id', 'in', ids))

const putContacts = ofRows((db, rows: ContactRow[]) =>
  db
    .insertInto('contacts')
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('contact_id').doUpdateSet((eb) => {
        const columns = [...FIELDS, 'attributes', 'updated_at', 'field_times', 'import_id'] as const
        return Object.fromEntries(columns.map((column) => [column, eb.ref(`excluded.${column}`)]))
      }),
    ),
)

const addKeys = ofRows((db, rows: { key_hash: string; contact_id: string }[]) =>
  db
    .insertInto('contact_keys')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing()),
)

/** Upserts patches in order. */
export async function upsertContacts(
  trx: Transaction<Database>,
  patches: ContactPatch[],
  keys: KeysOf,
  now: number,
  writing?: WritingImport<ContactRow>,
): Promise<UpsertCounts> {
  const counts: UpsertCounts = { created: 0, updated: 0, unchanged: 0, erased: [] }
  const keysOf = remembered(keys)
  // Contacts are read, merged with the patches and written back, so no other writer may do the same meanwhile.
  await lockName(trx, 'contacts')
  const current = new Map<string, ContactRow>()
  for (const row of await selectById(trx, [...new Set(patches.map((patch) => patch.id))].sort())) {
    current.set(row.contact_id, row)
  }
  const news = await idsWithNews(patches, current)
  const telling = patches.filter(({ id }) => news.has(id))
  counts.unchanged = patches.length - telling.length
  for (const part of chunks(telling, ROWS_A_TURN)) {
    for (const { id, email = null, email_sha256: emailSha256 = null } of part) keysOf({ id, email, emailSha256 })
    await nextTurn()
  }
  const erased = await findErased(trx, telling, keysOf)
  const changed = new Map<string, ContactRow>()
  /** Those of them whose word about mail, or the address that it is about, may have changed. */
  const said = new Set<string>()
  const notes: [ContactRow | null, ContactRow][] = []
  for (const [place, patch] of patches.entries()) {
    if (!news.has(patch.id)) continue
    if (place % ROWS_A_TURN === ROWS_A_TURN - 1) await nextTurn()
    const old = current.get(patch.id)
    // The next import of the same file must not bring the contact back.
    if (erased.refuses(patch, old !== undefined)) {
      counts.erased.push(place)
      continue
    }
    const next = applyPatch(old ?? newRow(patch, now), patch)
    counts[!old ? 'created' : same(old, next) ? 'unchanged' : 'updated']++
    if (old && same(old, next) && tellsNothing(patch, old, next)) continue
    current.set(patch.id, next)
    changed.set(patch.id, next)
    notes.push([old ?? null, next])
    if (saysWord(patch) || old?.email !== next.email || old?.email_sha256 !== next.email_sha256) said.add(patch.id)
  }
  notes.push(...(await spreadRefusals(trx, changed, said, keysOf)))
  for (const [before, after] of notes) {
    after.import_id = writing?.id ?? null
    if (before !== null && before.import_id !== after.import_id) writing?.note(before)
  }
  await writeContacts(trx, [...changed.values()], keysOf)
  await yieldKeys(trx, erased.addressesOf([...changed.values()]))
  return counts
}

/** The contacts that are new or that one of the patches changes. The others need no keys. */
async function idsWithNews(patches: ContactPatch[], current: ReadonlyMap<string, ContactRow>): Promise<Set<string>> {
  const news = new Set<string>()
  for (const part of chunks(patches, ROWS_A_TURN)) {
    for (const patch of part) {
      const old = current.get(patch.id)
      if (old === undefined || old.erased_at !== null || isNews(old, patch)) news.add(patch.id)
    }
    await nextTurn()
  }
  return news
}

/** Computes the keys of each contact once: a push needs them several times, and each is a MAC. */
function remembered(keysOf: KeysOf): KeysOf {
  const known = new Map<string, string[]>()
  return (contact) => {
    const name = JSON.stringify([contact.id, contact.email, contact.emailSha256])
    const keys = known.get(name) ?? keysOf(contact)
    known.set(name, keys)
    return keys
  }
}

/** Writes contacts with their keys, and marks whom that changes. The caller holds the lock of contacts. */
export async function writeContacts(trx: Transaction<Database>, rows: ContactRow[], keysOf: KeysOf): Promise<void> {
  if (rows.length === 0) return
  const sorted = rows.sort((a, b) => (a.contact_id < b.contact_id ? -1 : 1))
  const ids = sorted.map((row) => row.contact_id)
  const keys = sorted.flatMap((row) =>
    keysOf({ id: row.contact_id, email: row.email, emailSha256: row.email_sha256 }).map((key_hash) => ({
      key_hash,
      contact_id: row.contact_id,
    })),
  )
  // The contacts merged with them before, and those they are merged into now.
  const merged = sorted.flatMap((row) => row.merged_into ?? [])
  const { family, held, affected } = await lockFamily(trx, [...ids, ...merged], keys)
  await putContacts(trx, sorted)
  await writeKeys(trx, ids, keys, held)
  await markAffected(trx, family, affected)
}

/**
 * Locks contacts that are about to change with all merged with them, their keys and `coming` ones. A concurrent writer that
 * lands a claim on these keys, or links something to these contacts, is either found by `markAffected` or sees the change.
 */
export async function lockFamily(trx: Transaction<Database>, ids: string[], coming: { key_hash: string }[]) {
  const family = await familyOf(trx, ids)
  const rows = await selectKeysOf(trx, family)
  // The change also affects clicks of other contacts that share the address now or shared it before.
  const affected = await keysBeside(trx, [...new Set([...coming, ...rows].map((row) => row.key_hash))])
  await lockKeys(trx, [...affected, ...family.map(contactPerson)])
  return { family, held: new Set(rows.map(keyName)), affected }
}

/** Replaces the keys of contacts where they differ from those that are held. */
async function writeKeys(
  trx: Transaction<Database>,
  ids: string[],
  keys: { key_hash: string; contact_id: string }[],
  held: ReadonlySet<string>,
): Promise<void> {
  const wanted = new Set(keys.map(keyName))
  const own = new Set(ids)
  const gone = [...held].filter((name) => !wanted.has(name)).map((name) => name.slice(name.indexOf(' ') + 1))
  const changed = new Set(gone.filter((id) => own.has(id)))
  for (const part of chunks([...changed].sort(), 500)) {
    await trx.deleteFrom('contact_keys').where('contact_id', 'in', part).execute()
  }
  const missing = keys.filter((row) => changed.has(row.contact_id) || !held.has(keyName(row)))
  missing.sort((a, b) => (a.key_hash < b.key_hash ? -1 : 1))
  await addKeys(trx, missing)
}

/** A key of a contact as one text; a keyed hash holds no space. */
const keyName = (row: { key_hash: string; contact_id: string }) => `${row.key_hash} ${row.contact_id}`

/** Marks the visitors whose claims on these keys may be decided differently, and the persons of these contacts. */
export async function markAffected(trx: Transaction<Database>, contactIds: string[], keys: string[]): Promise<void> {
  await mark(trx, 'dirty_visitors', await visitorsOfKeys(trx, keys))
  await markPersonsOf(trx, contactIds)
}

/**
 * Marks the persons of those contacts, and those whose carts carry their typed addresses. The caller holds the locks of
 * their keys.
 */
export async function markPersonsOf(trx: Transaction<Database>, contactIds: string[]): Promise<void> {
  const family = await familyOf(trx, contactIds)
  const persons = new Set<PersonId>(family.map(contactPerson))
  for (const part of chunks(family, 500)) {
    const carts = await trx.selectFrom('carts').select('person_id').where('typed_contact_id', 'in', part).execute()
    for (const row of carts) persons.add(row.person_id)
  }
  await mark(trx, 'dirty_persons', persons)
}

/** One contact, or null if it does not exist or was erased. */
export async function findContact(db: Kysely<Database>, id: string): Promise<ContactRow | null> {
  const row = await db
    .selectFrom('contacts')
    .selectAll()
    .where('contact_id', '=', id)
    .where('erased_at', 'is', null)
    .executeTakeFirst()
  return row ?? null
}

/** Recomputes all keys of the contacts that a condition holds for, page by page. */
export async function rekeyContacts(db: Kysely<Database>, keysOf: KeysOf, only: Expression<SqlBool>): Promise<void> {
  let after = ''
  for (;;) {
    const from = after
    const rows = await transact(db, async (trx) => {
      await lockName(trx, 'contacts')
      const page = await trx
        .selectFrom('contacts')
        .selectAll()
        .where('contact_id', '>', from)
        .where('erased_at', 'is', null)
        .where(only)
        .orderBy('contact_id')
        .limit(500)
        .execute()
      await writeContacts(trx, [...page], keysOf)
      return page
    })
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.contact_id
  }
}

/** The contacts that hold each key, by key. */
export async function holdersOf(db: Kysely<Database>, keys: string[]): Promise<Map<string, string[]>> {
  const holders = new Map<string, string[]>()
  for (const part of chunks([...new Set(keys)], 500)) {
    const rows = await db.selectFrom('contact_keys').selectAll().where('key_hash', 'in', part).execute()
    for (const row of rows) holders.set(row.key_hash, [...(holders.get(row.key_hash) ?? []), row.contact_id])
  }
  return holders
}
