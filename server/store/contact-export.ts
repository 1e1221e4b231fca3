/** Reads what an export of a contact holds beyond its 360° view: merged records, all carts, and what readers could read. */
import type { Kysely } from 'kysely'
import { type ContactId, contactPerson, personOf } from '../domain/ids.ts'
import { familyOf } from './merges.ts'
import { listPersonCarts } from './person-carts.ts'
import type { ContactRow } from './schema/contacts.ts'
import type { PersonCartRow, SegmentMemberRow } from './schema/derived.ts'
import type { MatchChangeRow, SegmentChangeRow } from './schema/feed.ts'
import type { Database } from './schema.ts'

/** The contact's record and those that the CRM merged with it. */
export async function readRecords(db: Kysely<Database>, id: ContactId): Promise<ContactRow[]> {
  const family = await familyOf(db, [id])
  const records = db.selectFrom('contacts').selectAll().where('contact_id', 'in', family)
  return records.where('erased_at', 'is', null).orderBy('contact_id').execute()
}

/** The contact's carts, and those of nobody that carry its address, oldest first. What is another contact's is not shown. */
export async function readCarts(db: Kysely<Database>, id: ContactId): Promise<PersonCartRow[]> {
  const own = await listPersonCarts(db, [contactPerson(id)])
  const typed = await db.selectFrom('carts').select('person_id').where('typed_contact_id', '=', id).execute()
  const nobodys = typed.map((cart) => cart.person_id).filter((person) => personOf(person).kind === 'visitor')
  const carrying = (await listPersonCarts(db, [...new Set(nobodys)])).filter((cart) => cart.typed_contact_id === id)
  return [...own, ...carrying].sort((a, b) => a.created_at - b.created_at)
}

/** The segments that the contact is in. */
export async function readMemberships(db: Kysely<Database>, id: ContactId): Promise<SegmentMemberRow[]> {
  const members = db.selectFrom('segment_members').selectAll().where('person_id', '=', contactPerson(id))
  return members.orderBy('entered_at').execute()
}

/** When the contact entered segments and left them, as readers were told, after a number, in order. */
export async function readSegmentHistory(
  db: Kysely<Database>,
  id: ContactId,
  after: number,
  limit: number,
): Promise<SegmentChangeRow[]> {
  const changes = db.selectFrom('segment_changes').selectAll().where('person_id', '=', contactPerson(id))
  return changes.where('seq', '>', after).orderBy('seq').limit(limit).execute()
}

/** What was published about the contact in the feed, after a number, in order. */
export async function readPublished(
  db: Kysely<Database>,
  id: ContactId,
  after: number,
  limit: number,
): Promise<MatchChangeRow[]> {
  const changes = db.selectFrom('match_changes').selectAll().where('contact_id', '=', id).where('seq', '>', after)
  return changes.orderBy('seq').limit(limit).execute()
}

/** Who has read lists with contacts since a time: the feed, or a segment's members. */
export type Reader = { actor: string; action: string; first: number; last: number; reads: number }

/** The readers of such lists since a time. */
export async function readReaders(db: Kysely<Database>, since: number): Promise<Reader[]> {
  const rows = await db
    .selectFrom('audit')
    .select((eb) => [
      'actor',
      'action',
      eb.fn.min('at').as('first'),
      eb.fn.max('at').as('last'),
      eb.fn.countAll<number>().as('reads'),
    ])
    .where('action', 'in', ['matches.read', 'segment.read'])
    .where('at', '>=', since)
    .groupBy(['actor', 'action'])
    .orderBy('actor')
    .orderBy('action')
    .execute()
  return rows.map((row) => ({
    ...row,
    first: Number(row.first),
    last: Number(row.last),
    reads: Number(row.reads),
  }))
}
