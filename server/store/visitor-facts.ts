/** Reads everything that the derivation of a visitor depends on. */
import type { Kysely } from 'kysely'
import { CART_TYPES } from '../domain/commerce/cart.ts'
import { REFUND_TYPES } from '../domain/commerce/order.ts'
import { type Choice, type ConsentState, foldConsents } from '../domain/consent.ts'
import type { VisitorEvent } from '../domain/epochs.ts'
import { byTimeThenId } from '../domain/event.ts'
import { type LoadedClaim, loadClaims } from './claims.ts'
import { ofKeys } from './engine/many.ts'
import { findOveractive, type Overactive } from './overactive.ts'
import { decodeJson } from './schema/columns.ts'
import type { Database } from './schema.ts'

/** An event with the person it currently belongs to. */
export type LoadedEvent = VisitorEvent & {
  siteId: string
  personId: string | null
  title: string | null
  referrer: string | null
  /** Its properties as they are stored, if they can say anything that is derived. */
  json: string | null
}

/**
 * One visitor's facts. Events are sorted by time, then id; those of an overactive visitor are not read. `aged` holds the
 * logins and logouts whose events have expired: identity needs them, and nothing else may count them.
 */
export type VisitorFacts = {
  visitorId: string
  siteId: string
  events: LoadedEvent[]
  aged: LoadedEvent[]
  claims: LoadedClaim[]
  consents: ConsentState
  /** The browser, as its latest request described it. */
  device: { device: string; browser: string | null } | null
  overactive: Overactive | null
}

/** Types whose properties say nothing that is derived. */
const BARE_TYPES = ['identify', 'reset', 'consent']

/** The events whose properties carts, orders and refunds are folded from. */
const FOLDED: ReadonlySet<string> = new Set([...CART_TYPES, ...REFUND_TYPES])

const selectEvents = ofKeys((db, visitorIds) =>
  db
    .selectFrom('events')
    .select(['visitor_id', 'id', 'site_id', 'type', 'at', 'identity', 'person_id', 'url', 'title', 'referrer'])
    .select((eb) => [eb.case().when('type', 'not in', BARE_TYPES).then(eb.ref('props')).else(null).end().as('json')])
    .where('visitor_id', 'in', visitorIds),
)

/** Loads visitors; those without events are skipped. */
export async function loadVisitors(db: Kysely<Database>, visitorIds: string[]): Promise<VisitorFacts[]> {
  const overactive = await findOveractive(db, visitorIds)
  const calm = visitorIds.filter((id) => !overactive.has(id))
  const rows = await selectEvents(db, calm)
  const claims = await loadClaims(db, calm)
  const choices = await loadChoices(db, visitorIds)
  const aged = await loadAged(db, calm)
  const devices = new Map((await selectDevices(db, calm)).map((row) => [row.visitor_id, row]))
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
      props: row.json === null || !FOLDED.has(row.type) ? null : decodeJson(row.json),
      url: row.url,
      title: row.title,
      referrer: row.referrer,
      json: row.json,
      personId: row.person_id,
    })
  }
  const factsOf = (visitorId: string) => ({
    visitorId,
    claims: claims.get(visitorId) ?? [],
    consents: foldConsents(choices.get(visitorId) ?? []),
    device: devices.get(visitorId) ?? null,
  })
  return [
    ...[...byVisitor].map(([visitorId, { siteId, events }]) => {
      return {
        ...factsOf(visitorId),
        siteId,
        events: events.sort(byTimeThenId),
        // A late repeat of an expired event exists twice until it expires again.
        aged: withoutRepeats(aged.get(visitorId), events),
        overactive: null,
      }
    }),
    ...[...overactive].map(([visitorId, counted]) => {
      return { ...factsOf(visitorId), siteId: counted.siteId, events: [], aged: [], overactive: counted }
    }),
  ]
}

const selectDevices = ofKeys((db, visitorIds) =>
  db.selectFrom('devices').select(['visitor_id', 'device', 'browser']).where('visitor_id', 'in', visitorIds),
)

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

/** Loads aged moments as events that have only a type and a time. */
async function loadAged(db: Kysely<Database>, visitorIds: string[]): Promise<Map<string, LoadedEvent[]>> {
  const rows = await selectAged(db, visitorIds)
  const bare = {
    siteId: '',
    identity: true,
    props: null,
    url: null,
    personId: null,
    title: null,
    referrer: null,
    json: null,
  }
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
