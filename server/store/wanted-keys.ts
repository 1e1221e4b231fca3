/**
 * Sites whose link tokens cannot name every contact yet, and how far the work is. A new site or link secret is noted here in
 * the transaction that adds it; servers then make the keys of the contacts, page by page (`derive/contact-keys`). Contacts
 * that are written meanwhile get all their keys at once.
 */
import type { Kysely, Transaction } from 'kysely'
import type { Site } from '../domain/settings.ts'
import { visitorsOfKeys } from './claim-keys.ts'
import { markPersonsOf } from './contacts.ts'
import { ofKeys, ofRows } from './engine/many.ts'
import { keysBeside } from './holders.ts'
import { isNumber, isObjectOf, isText, readMetaJson, readMetaMap, writeMeta } from './meta.ts'
import type { ContactKeyRow } from './schema/contacts.ts'
import type { Database } from './schema.ts'
import { findSite } from './sites.ts'
import { mark } from './work/dirty.ts'
import { lockAllKeys, lockName } from './work/locks.ts'

/** Prefix of names in `meta`: followed by a site's id, it names how far the keys of contacts for that site are. */
const WANTED = 'wanted_keys '

/** All contacts up to the id `after` have their keys for the site, `contacts` of them. */
export type WantedKeys = { after: string; contacts: number }

const isWanted = isObjectOf<WantedKeys>({ after: isText, contacts: isNumber })

/** Notes that all contacts need their keys for the current link secrets of a site; work in progress starts over. */
export function wantKeys(trx: Transaction<Database>, siteId: string): Promise<void> {
  return writeMeta(trx, WANTED + siteId, JSON.stringify({ after: '', contacts: 0 } satisfies WantedKeys))
}

/** The sites for which contacts lack keys, by id. */
export function wantedKeys(db: Kysely<Database>): Promise<Map<string, WantedKeys>> {
  return readMetaMap(db, WANTED, isWanted)
}

/** The progress of each site for which contacts lack keys. */
export async function keysProgress(db: Kysely<Database>): Promise<{ site: string; done: number; total: number }[]> {
  const wanted = await wantedKeys(db)
  if (wanted.size === 0) return []
  const { n } = await db
    .selectFrom('contacts')
    .select((eb) => eb.fn.countAll().as('n'))
    .where('erased_at', 'is', null)
    .executeTakeFirstOrThrow()
  if (Number(n) === 0) return []
  return [...wanted].map(([site, { contacts }]) => ({ site, done: contacts, total: Number(n) }))
}

/** Contacts per page: some ten milliseconds, for which landing waits. */
const PAGE = 2000

/** Makes the keys of the next contacts for a site. `keysOf` computes those of one contact. */
export async function makeWantedKeys(
  trx: Transaction<Database>,
  siteId: string,
  keysOf: (site: Site, contactId: string) => string[],
): Promise<void> {
  // Other processes take the pages after this one, and nobody changes its contacts meanwhile.
  await lockName(trx, 'contacts')
  const name = WANTED + siteId
  const wanted = await readMetaJson(trx, name, isWanted)
  if (wanted === null) return
  const { after, contacts } = wanted
  const noted = JSON.stringify(wanted)
  const site = await findSite(trx, siteId)
  const page = site === null ? [] : await contactsAfter(trx, after)
  const last = page.at(-1)
  if (site === null || last === undefined) {
    await trx.deleteFrom('meta').where('name', '=', name).where('value', '=', noted).execute()
    return
  }
  await addKeys(
    trx,
    page.flatMap((contact_id) => keysOf(site, contact_id).map((key_hash) => ({ key_hash, contact_id }))),
  )
  const next: WantedKeys = { after: last, contacts: contacts + page.length }
  // If the link secret is replaced meanwhile, the work starts over.
  await trx
    .updateTable('meta')
    .set({ value: JSON.stringify(next) })
    .where('name', '=', name)
    .where('value', '=', noted)
    .execute()
}

async function contactsAfter(db: Kysely<Database>, after: string): Promise<string[]> {
  const rows = await db
    .selectFrom('contacts')
    .select('contact_id')
    .where('contact_id', '>', after)
    .where('erased_at', 'is', null)
    .orderBy('contact_id')
    .limit(PAGE)
    .execute()
  return rows.map((row) => row.contact_id)
}

const insertMissing = ofRows((db, rows: ContactKeyRow[]) =>
  db
    .insertInto('contact_keys')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .returning('key_hash'),
)
const selectNamed = ofKeys((db, keys) =>
  db.selectFrom('claim_keys').select('key_hash').distinct().where('key_hash', 'in', keys),
)

/** Adds the keys that are missing, and marks whom that changes: a key that no visitor has named changes nobody. */
async function addKeys(trx: Transaction<Database>, rows: ContactKeyRow[]): Promise<void> {
  // So many keys are in every bucket. Whoever lands a claim on one of them is found below or finds the key.
  await lockAllKeys(trx)
  const sorted = [...rows].sort((a, b) => (a.key_hash < b.key_hash ? -1 : 1))
  const added = await insertMissing(trx, sorted)
  const named = new Set(
    (
      await selectNamed(
        trx,
        added.map((row) => row.key_hash),
      )
    ).map((row) => row.key_hash),
  )
  if (named.size === 0) return
  await mark(trx, 'dirty_visitors', await visitorsOfKeys(trx, await keysBeside(trx, [...named])))
  await markPersonsOf(
    trx,
    rows.flatMap((row) => (named.has(row.key_hash) ? row.contact_id : [])),
  )
}
