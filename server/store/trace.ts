/** Everything the store holds about some visitors, for explaining how they were linked. */
import type { Kysely } from 'kysely'
import type { PersonId } from '../domain/ids.ts'
import { listConsents } from './consents.ts'
import { ofKeys } from './engine/many.ts'
import { listPersonCarts } from './person-carts.ts'
import type { PersonCartRow } from './schema/derived.ts'
import type { Database } from './schema.ts'
import { describeVisitors } from './visitors.ts'

const selectClaims = ofKeys((db, visitorIds) =>
  db.selectFrom('claims').selectAll().where('visitor_id', 'in', visitorIds).orderBy('at').orderBy('id'),
)
const selectActs = ofKeys((db, visitorIds) =>
  db.selectFrom('link_acts').selectAll().where('visitor_id', 'in', visitorIds).orderBy('at'),
)
const selectLinks = ofKeys((db, visitorIds) =>
  db.selectFrom('links').selectAll().where('visitor_id', 'in', visitorIds).orderBy('at').orderBy('id'),
)
const selectEpochs = ofKeys((db, visitorIds) =>
  db.selectFrom('epochs').selectAll().where('visitor_id', 'in', visitorIds).orderBy('n'),
)
const selectOwners = ofKeys((db, visitorIds) =>
  db.selectFrom('carts').select('person_id').distinct().where('visitor_id', 'in', visitorIds),
)
const selectPurchases = ofKeys((db, visitorIds) =>
  db.selectFrom('purchases').selectAll().where('visitor_id', 'in', visitorIds).orderBy('at'),
)
const selectPersons = ofKeys((db, visitorIds) =>
  db
    .selectFrom('events')
    .select(['visitor_id', 'person_id'])
    .distinct()
    .where('visitor_id', 'in', visitorIds)
    .where('person_id', 'is not', null),
)
const selectMarks = ofKeys((db, visitorIds) =>
  db.selectFrom('dirty_visitors').select('key').where('key', 'in', visitorIds),
)
const selectDeadLetters = ofKeys((db, visitorIds) =>
  db
    .selectFrom('dead_letters')
    .select(['journal_id', 'entry_id', 'part', 'visitor_id', 'error', 'attempts', 'at'])
    .where('visitor_id', 'in', visitorIds),
)

/** What the store holds about some visitors; each table's rows are in the order of time. */
export type VisitorTraces = Awaited<ReturnType<typeof readVisitors>>

/** Reads everything about some visitors. A visitor that was landed but not derived yet has choices and no visitor row. */
export async function readVisitors(db: Kysely<Database>, visitorIds: string[]) {
  return {
    visitors: await describeVisitors(db, visitorIds),
    consents: await listConsents(db, visitorIds),
    claims: await selectClaims(db, visitorIds),
    acts: await selectActs(db, visitorIds),
    links: await selectLinks(db, visitorIds),
    epochs: await selectEpochs(db, visitorIds),
    carts: await cartsBegunOn(db, visitorIds),
    purchases: await selectPurchases(db, visitorIds),
    persons: await selectPersons(db, visitorIds),
    marked: new Set((await selectMarks(db, visitorIds)).map((row) => row.key)),
    deadLetters: await selectDeadLetters(db, visitorIds),
  }
}

/** The carts that began on these visitors, as all devices and channels of their persons leave them. */
async function cartsBegunOn(db: Kysely<Database>, visitorIds: string[]): Promise<PersonCartRow[]> {
  const owners = await selectOwners(db, visitorIds)
  const carts = await listPersonCarts(db, [...new Set(owners.map((row) => row.person_id))])
  return carts.filter((cart) => visitorIds.includes(cart.visitor_id))
}

const selectPersonRows = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('persons').selectAll().where('person_id', 'in', personIds),
)
const selectMemberships = ofKeys((db, personIds: PersonId[]) =>
  db.selectFrom('segment_members').selectAll().where('person_id', 'in', personIds),
)

/** The rows of some persons, and their memberships. */
export async function readPersons(db: Kysely<Database>, personIds: PersonId[]) {
  return {
    rows: new Map((await selectPersonRows(db, personIds)).map((row) => [row.person_id, row])),
    members: await selectMemberships(db, personIds),
  }
}

const selectFailures = ofKeys((db, keys) => db.selectFrom('derive_failures').selectAll().where('key', 'in', keys))
const selectPersonMarks = ofKeys((db, keys: PersonId[]) =>
  db.selectFrom('dirty_persons').select('key').where('key', 'in', keys),
)
const selectContactMarks = ofKeys((db, keys) => db.selectFrom('dirty_contacts').select('key').where('key', 'in', keys))

/** Which of these persons and contacts wait to be derived or published, and the derive failures of all given keys. */
export async function readPending(
  db: Kysely<Database>,
  { persons, contacts, visitors }: { persons: PersonId[]; contacts: string[]; visitors: string[] },
) {
  return {
    persons: (await selectPersonMarks(db, persons)).map((row) => row.key),
    contacts: (await selectContactMarks(db, contacts)).map((row) => row.key),
    failures: await selectFailures(db, [...persons, ...contacts, ...visitors]),
  }
}

/** What was withdrawn or erased under one of these keyed hashes, and when. */
export async function readEnds(db: Kysely<Database>, hashes: string[]) {
  const ends = await db.selectFrom('tombstones').selectAll().where('hash', 'in', hashes).execute()
  const proofs = await db.selectFrom('withdrawals').select('visitor_hash').where('visitor_hash', 'in', hashes).execute()
  const withdrawn = new Set(proofs.map((row) => row.visitor_hash))
  return ends.map(({ hash, kind, at }) => {
    return { kind, at, ended: withdrawn.has(hash) ? ('withdrawn' as const) : ('erased' as const) }
  })
}
