/** Reads all that the derivation of a visitor depends on. */
import type { Kysely } from 'kysely'
import { CART_TYPES, type CartItem } from '../domain/cart.ts'
import { type Choice, type ConsentState, foldConsents } from '../domain/consent.ts'
import type { VisitorEvent } from '../domain/epochs.ts'
import { byTimeThenId } from '../domain/event.ts'
import type { Claim, Holder } from '../domain/identity-evidence.ts'
import type { LinkEvidence } from '../domain/identity-table.ts'
import { ofKeys } from './many.ts'
import { findOveractive, type Overactive } from './overactive.ts'
import type { ClaimRow, Database } from './schema.ts'

/** An event with the person it is at now. */
export type LoadedEvent = VisitorEvent & { siteId: string; personId: string | null }

/**
 * One visitor's facts. Events are sorted by time, then id; of an overactive visitor they are not read. `aged` are logins
 * and logouts whose events were too old to keep: identity needs them, and nothing else may count them.
 */
export type VisitorFacts = {
  visitorId: string
  siteId: string
  events: LoadedEvent[]
  aged: LoadedEvent[]
  claims: Claim[]
  consents: ConsentState
  overactive: Overactive | null
}

const selectEvents = ofKeys((db, visitorIds) =>
  db
    .selectFrom('events')
    .select(['visitor_id', 'id', 'site_id', 'type', 'at', 'identity', 'person_id'])
    .select((eb) => [
      eb
        .case()
        .when('type', 'in', [...CART_TYPES])
        .then(eb.ref('props'))
        .else(null)
        .end()
        .as('props'),
      eb
        .case()
        .when('type', 'in', [...CART_TYPES])
        .then(eb.ref('url'))
        .else(null)
        .end()
        .as('url'),
    ])
    .where('visitor_id', 'in', visitorIds),
)

/** Loads visitors; those without an event are left out. */
export async function loadVisitors(db: Kysely<Database>, visitorIds: string[]): Promise<VisitorFacts[]> {
  const overactive = await findOveractive(db, visitorIds)
  const calm = visitorIds.filter((id) => !overactive.has(id))
  const rows = await selectEvents(db, calm)
  const claims = await loadClaims(db, calm)
  const choices = await loadChoices(db, visitorIds)
  const aged = await loadAged(db, calm)
  const byVisitor = new Map<string, { siteId: string; siteAt: number; events: LoadedEvent[] }>()
  for (const row of rows) {
    const visitor = byVisitor.get(row.visitor_id) ?? { siteId: row.site_id, siteAt: row.at, events: [] }
    byVisitor.set(row.visitor_id, visitor)
    if (row.at < visitor.siteAt || (row.at === visitor.siteAt && row.site_id < visitor.siteId)) {
      visitor.siteId = row.site_id
      visitor.siteAt = row.at
    }
    visitor.events.push({
      id: row.id,
      at: row.at,
      type: row.type,
      siteId: row.site_id,
      reset: row.type === 'reset',
      identity: row.identity === 1,
      props: row.props === null ? null : (JSON.parse(row.props) as Record<string, unknown>),
      url: row.url,
      personId: row.person_id,
    })
  }
  const factsOf = (visitorId: string) => ({
    visitorId,
    claims: claims.get(visitorId) ?? [],
    consents: foldConsents(choices.get(visitorId) ?? []),
  })
  return [
    ...[...byVisitor].map(([visitorId, { siteId, events }]) => {
      return {
        ...factsOf(visitorId),
        siteId,
        events: events.sort(byTimeThenId),
        // A late repeat of what was too old is there twice until it is removed again.
        aged: withoutRepeats(aged.get(visitorId), events),
        overactive: null,
      }
    }),
    ...[...overactive].map(([visitorId, counted]) => {
      return { ...factsOf(visitorId), siteId: counted.siteId, events: [], aged: [], overactive: counted }
    }),
  ]
}

const selectConsents = ofKeys((db, visitorIds) =>
  db
    .selectFrom('consents')
    .select(['visitor_id', 'id', 'analytics', 'identity', 'marketing', 'first_at', 'last_at'])
    .where('visitor_id', 'in', visitorIds),
)
function withoutRepeats(aged: LoadedEvent[] | undefined, events: LoadedEvent[]): LoadedEvent[] {
  if (aged === undefined) return []
  const ids = new Set(events.map((event) => event.id))
  return aged.filter((moment) => !ids.has(moment.id))
}

const selectAged = ofKeys((db, visitorIds) =>
  db.selectFrom('aged_moments').selectAll().where('visitor_id', 'in', visitorIds),
)

/** An aged moment is an event without anything but its kind and its time. */
async function loadAged(db: Kysely<Database>, visitorIds: string[]): Promise<Map<string, LoadedEvent[]>> {
  const rows = await selectAged(db, visitorIds)
  const bare = { siteId: '', identity: true, props: null, url: null, personId: null }
  return Map.groupBy(
    rows.map(({ visitor_id, id, at, type }) => ({ ...bare, visitor_id, id, at, type, reset: type === 'reset' })),
    (row) => row.visitor_id,
  )
}

async function loadChoices(db: Kysely<Database>, visitorIds: string[]): Promise<Map<string, Choice[]>> {
  const rows = await selectConsents(db, visitorIds)
  const choices = new Map<string, Choice[]>()
  for (const row of rows) {
    const list = choices.get(row.visitor_id) ?? []
    choices.set(row.visitor_id, list)
    for (const at of new Set([row.first_at, row.last_at])) {
      list.push({
        id: row.id,
        at,
        analytics: row.analytics === 1,
        identity: row.identity === 1,
        marketing: row.marketing === 1,
      })
    }
  }
  return choices
}

const selectClaims = ofKeys((db, visitorIds) =>
  db
    .selectFrom('claims')
    .selectAll()
    .where('visitor_id', 'in', visitorIds)
    // Form evidence owns a cart or an order and never makes a link.
    .where('evidence', '!=', 'form_email'),
)

async function loadClaims(db: Kysely<Database>, visitorIds: string[]): Promise<Map<string, Claim[]>> {
  const rows = await selectClaims(db, visitorIds)
  const claims = new Map<string, Claim[]>()
  if (rows.length === 0) return claims
  const holders = await loadHolders(db, [...new Set(rows.map((row) => row.key_hash))])
  const uses = await loadTokenUses(db, [...new Set(rows.flatMap((row) => row.token_hash ?? []))])
  for (const row of rows) {
    const list = claims.get(row.visitor_id) ?? []
    claims.set(row.visitor_id, list)
    list.push(toClaim(row, holders.get(row.key_hash) ?? { kind: 'unknown' }, uses))
  }
  for (const list of claims.values()) list.sort(byTimeThenId)
  return claims
}

function toClaim(row: ClaimRow, holder: Holder, uses: Map<string, string[]>): Claim {
  const users = row.token_hash === null ? [] : (uses.get(row.token_hash) ?? [])
  return {
    id: row.id,
    at: row.at,
    receivedAt: row.received_at,
    request: row.request_id,
    evidence: row.evidence as LinkEvidence,
    holder,
    message: row.message,
    issuedAt: row.issued_at,
    usedBefore: Math.max(0, users.indexOf(row.visitor_id)),
    usedElsewhere: users.some((user) => user !== row.visitor_id),
  }
}

const selectTokenUses = ofKeys((db, hashes) =>
  db.selectFrom('token_uses').selectAll().where('token_hash', 'in', hashes).orderBy('at').orderBy('visitor_id'),
)

/** The visitors of each token, in the order in which they used it. */
async function loadTokenUses(db: Kysely<Database>, hashes: string[]): Promise<Map<string, string[]>> {
  const users = new Map<string, string[]>()
  for (const row of await selectTokenUses(db, hashes)) {
    users.set(row.token_hash, [...(users.get(row.token_hash) ?? []), row.visitor_id])
  }
  return users
}

const selectContactKeys = ofKeys((db, keys) => db.selectFrom('contact_keys').selectAll().where('key_hash', 'in', keys))
const selectContacts = ofKeys((db, contactIds) =>
  db
    .selectFrom('contacts')
    .select(['contact_id', 'imported_at', 'erased_at', 'minor'])
    .where('contact_id', 'in', contactIds),
)

/** Whom each keyed identifier names. */
async function loadHolders(db: Kysely<Database>, keys: string[]): Promise<Map<string, Holder>> {
  const contactsOf = new Map<string, string[]>()
  for (const row of await selectContactKeys(db, keys)) {
    contactsOf.set(row.key_hash, [...(contactsOf.get(row.key_hash) ?? []), row.contact_id])
  }
  const contacts = new Map<string, Holder>()
  for (const row of await selectContacts(db, [...new Set([...contactsOf.values()].flat())])) {
    contacts.set(row.contact_id, {
      kind: 'contact',
      id: row.contact_id,
      importedAt: row.imported_at,
      erased: row.erased_at !== null,
      minor: row.minor === 1,
    })
  }
  const holders = new Map<string, Holder>()
  for (const [key, ids] of contactsOf) {
    holders.set(key, ids.length > 1 ? { kind: 'ambiguous' } : (contacts.get(ids[0]!) ?? { kind: 'unknown' }))
  }
  return holders
}

/** The ids of items, for telling whether an order settles a cart. */
export function itemIds(items: CartItem[]): string[] {
  return items.map((item) => item.item_id)
}
