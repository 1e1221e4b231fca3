/**
 * Reads everything known about one visitor or contact, with the reasons, to investigate a complaint or a defect. Nothing
 * is derived here: a trace shows what is stored and what is pending. Reading one leaves an audit row.
 */

import type { Kysely } from 'kysely'
import { settles } from '../domain/commerce/bought.ts'
import { contactPerson, type PersonId, personOf, storedPerson } from '../domain/ids.ts'
import { END_REASONS, REASONS, sentenceOf } from '../domain/link-reasons.ts'
import { mailConsentOf } from '../domain/mail-permission.ts'
import { toMoney, toTotal } from '../domain/money.ts'
import { type ExplainedNode, explain } from '../segments/explain.ts'
import { readRules } from '../segments/rules.ts'
import { writeAudit } from '../store/audit.ts'
import { listOrders } from '../store/contact-orders.ts'
import { findContact, type KeysOf } from '../store/contacts.ts'
import { itemIdsOf } from '../store/item-ids.ts'
import { listLinks } from '../store/links.ts'
import { decodeJson } from '../store/schema/columns.ts'
import type { LinkRow, PersonCartRow } from '../store/schema/derived.ts'
import type { Database } from '../store/schema.ts'
import { hashesOf } from '../store/tombstones.ts'
import { readEnds, readPending, readPersons, readVisitors, type VisitorTraces } from '../store/trace.ts'
import { visitorsOf } from '../store/visitor-persons.ts'

/** What a trace needs besides the store. */
export type TraceDeps = {
  keysOf: KeysOf
  /** The keyed hash under which a retired visitor is refused. */
  tombstone: (visitorId: string) => string
  newId: () => string
  now: number
  actor: string
}

/** A trace of a visitor or contact. */
export type Trace = NonNullable<Awaited<ReturnType<typeof trace>>>

/** The most visitors and links of a contact in a trace; a real person has fewer. */
const MAX_VISITORS = 100
const MAX_LINKS = 1000

/** Reads the trace of a visitor or contact, or of both if they share the id. Null if the id is unknown. */
export async function trace(db: Kysely<Database>, id: string, deps: TraceDeps) {
  const hashes = { visitor: deps.tombstone(id), contact: hashesOf(deps.keysOf, { id }).id }
  const contact = await findContact(db, id)
  const ended = (await readEnds(db, Object.values(hashes))).map(({ kind, ended: how, at }) => ({
    kind: kind === 'visitor' ? ('visitor' as const) : ('contact' as const),
    ended: how,
    at: iso(at),
  }))
  const links = contact === null ? [] : await listLinks(db, { contact: id }, MAX_LINKS)
  const linked = contact === null ? [] : await visitorsOf(db, contactPerson(id))
  const visitorIds = [...new Set([id, ...linked, ...links.map((link) => link.visitor_id)])]
  const read = await readVisitors(db, visitorIds.slice(0, MAX_VISITORS))
  const isKnown = (visitor: string) =>
    [read.visitors, read.consents, read.claims, read.deadLetters].some((rows) =>
      rows.some((row: { visitor_id: string | null }) => row.visitor_id === visitor),
    ) || read.marked.has(visitor)
  const known = visitorIds.slice(0, MAX_VISITORS).filter(isKnown)
  if (contact === null && ended.length === 0 && known.length === 0) return null

  const own = contact === null ? [] : [contactPerson(id)]
  const anonymous = read.persons.filter((row) => row.visitor_id === id).flatMap((row) => row.person_id ?? [])
  const personIds = [...new Set([...own, ...anonymous])]
  const orders = contact === null ? [] : await listOrders(db, id)
  const result = {
    id,
    ended,
    contact: contact && {
      id,
      imported_at: iso(contact.imported_at),
      mail_consent: mailConsentOf(contact.mail_consent),
      mail_consent_at: isoOrNull(contact.mail_consent_at),
      minor: contact.minor === 1,
      merged_into: contact.merged_into,
      orders: orders.map((order) => ({ ...order, at: iso(order.at), ...toTotal(order) })),
    },
    visitors: known.map((visitor) => visitorTrace(visitor, read, orders, deps.now)),
    more_visitors: Math.max(0, visitorIds.length - MAX_VISITORS),
    persons: await personTraces(db, personIds, deps.now),
    pending: await pendingOf(db, { persons: personIds, contacts: contact === null ? [] : [id], visitors: known }),
  }
  // Keyed hashes, because the audit outlives a visitor that withdraws and a contact that is erased.
  const detail = {
    ...(contact === null ? {} : { contact: hashes.contact }),
    ...(known.includes(id) ? { visitor: hashes.visitor } : {}),
    visitors: known.length,
  }
  await writeAudit(db, { id: deps.newId(), at: deps.now, actor: deps.actor, action: 'trace.read', detail })
  return result
}

function visitorTrace(id: string, read: VisitorTraces, orders: { at: number; item_ids: string[] }[], now: number) {
  const own = <T extends { visitor_id: string | null }>(rows: T[]) => rows.filter((row) => row.visitor_id === id)
  const visitor = own(read.visitors)[0]
  const links = own(read.links)
  return {
    id,
    site: visitor?.site_id ?? null,
    first_seen: isoOrNull(visitor?.first_seen ?? null),
    last_seen: isoOrNull(visitor?.last_seen ?? null),
    events: visitor?.events ?? null,
    shared: visitor?.shared === 1,
    overactive: visitor?.overactive === 1,
    device: visitor?.device ? { type: visitor.device, browser: visitor.browser, os: visitor.os } : null,
    consents: own(read.consents).map((row) => ({
      id: row.id,
      ...{ analytics: row.analytics === 1, identity: row.identity === 1, marketing: row.marketing === 1 },
      ...{ source: row.source, policy: row.policy, gpc: row.gpc === 1 },
      ...{ first_at: iso(row.first_at), last_at: iso(row.last_at) },
    })),
    claims: own(read.claims).map((row) => ({
      ...{ id: row.id, at: iso(row.at), received_at: iso(row.received_at), evidence: row.evidence },
      ...{ message: row.message, cart: row.cart_id, order: row.order_id },
      acts: own(read.acts)
        .filter((act) => act.claim_id === row.id)
        .map(({ act, at, actor }) => ({ act, at: iso(at), actor })),
      outcome: outcomeOf(row.id, links),
    })),
    links: links.map(linkTrace),
    epochs: own(read.epochs).map((row) => ({
      ...{ n: row.n, person: personOf(row.person_id), contact: row.contact_id },
      ...{ from: iso(row.from_at), to: isoOrNull(row.to_at) },
    })),
    persons: own(read.persons).flatMap((row) => (row.person_id === null ? [] : personOf(row.person_id))),
    carts: own(read.carts).map((row) => cartTrace(row, orders, now)),
    purchases: own(read.purchases).map((row) => ({
      ...{ order_id: row.order_id, at: iso(row.at), person: personOf(row.person_id) },
      ...{ ...toTotal(row), item_ids: decodeJson(row.item_ids) },
    })),
    waits_to_be_derived: read.marked.has(id),
    dead_letters: own(read.deadLetters).map(({ journal_id, entry_id, part, error, attempts, at }) => ({
      ...{ id: `${journal_id}:${entry_id}:${part}`, error, attempts, at: iso(at) },
    })),
  }
}

/** The outcome of a claim: the link that it made or supports. Null until its visitor is derived. */
function outcomeOf(claimId: string, links: LinkRow[]) {
  const made = links.find((link) => link.id === claimId)
  const kept = made ?? links.find((link) => decodeJson(link.proofs).some((proof) => proof.id === claimId))
  if (!kept) return null
  const reason = decodeJson(kept.proofs).find((proof) => proof.id === claimId)?.reason ?? kept.reason
  return { link: kept.id, contact: kept.contact_id, state: kept.state, reason, why: sentenceOf(REASONS, reason) }
}

function linkTrace(row: LinkRow) {
  return {
    ...{ id: row.id, contact: row.contact_id, evidence: row.evidence, strength: row.strength, state: row.state },
    ...{ reason: row.reason, why: sentenceOf(REASONS, row.reason), end_reason: row.end_reason },
    why_ended: row.end_reason === null ? null : sentenceOf(END_REASONS, row.end_reason),
    ...{ at: iso(row.at), valid_from: isoOrNull(row.valid_from), valid_to: isoOrNull(row.valid_to) },
    ...{ backfill_from: isoOrNull(row.backfill_from), expires_at: isoOrNull(row.expires_at) },
  }
}

function cartTrace(row: PersonCartRow, orders: { at: number; item_ids: string[] }[], now: number) {
  const items = decodeJson(row.items)
  const isIdle = row.state === 'open' && row.idle_at <= now
  const cart = { updatedAt: row.updated_at, itemIds: itemIdsOf(row.items) }
  const settledBy =
    row.state === 'open' ? orders.find((order) => settles({ at: order.at, itemIds: order.item_ids }, cart)) : undefined
  return {
    ...{
      id: row.id,
      person: personOf(row.person_id),
      epoch: row.epoch,
      state: isIdle ? ('abandoned' as const) : row.state,
      typed_contact: row.typed_contact_id,
      left_out: decodeJson(row.left_out),
    },
    why: settledBy ? `An order of ${iso(settledBy.at)} settles it.` : whyCart(row, isIdle),
    ...toMoney(row.value, row.currency),
    items: items.map((item) => ({ item_id: item.item_id, quantity: item.quantity })),
    ...{ created_at: iso(row.created_at), updated_at: iso(row.updated_at), closed_at: isoOrNull(row.closed_at) },
  }
}

function whyCart(row: PersonCartRow, isIdle: boolean): string {
  if (isIdle)
    return `It has not changed since ${iso(row.updated_at)}, so it counts as abandoned from ${iso(row.idle_at)}.`
  if (row.state === 'open')
    return `It last changed at ${iso(row.updated_at)}, and will count as abandoned from ${iso(row.idle_at)}.`
  const bought = `A purchase closed it at ${iso(row.closed_at ?? row.updated_at)}`
  if (row.abandoned_at === null) return `${bought}.`
  const after = `${bought}, after it was abandoned at ${iso(row.abandoned_at)}`
  if (row.state === 'converted') return `${after}; nothing that was in it was bought.`
  return row.recovered_by === 'link'
    ? `${after}; a link of the message "${row.recovered_message}" had brought the customer back.`
    : `${after}; no link of a mail had brought the customer back.`
}

async function personTraces(db: Kysely<Database>, personIds: PersonId[], now: number) {
  const rules = await readRules(db)
  const { rows, members } = await readPersons(db, personIds)
  const traces = []
  for (const person of personIds) {
    const row = rows.get(person)
    const memberships = []
    for (const segment of rules.definitions.values()) {
      const member = members.find((each) => each.person_id === person && each.segment_id === segment.id)
      const explained = await explain(db, rules, segment, person, { now, language: 'en' })
      memberships.push({
        segment: segment.id,
        member: member !== undefined,
        entered_at: isoOrNull(member?.entered_at ?? null),
        reason: member?.reason ?? null,
        changes_at: isoOrNull(explained?.nodes[0]?.changesAt ?? null),
        nodes: (explained?.nodes ?? []).map(nodeTrace),
      })
    }
    traces.push({
      person: personOf(person),
      matched_at: isoOrNull(row?.matched_at ?? null),
      strength: row?.strength ?? null,
      visitors: row?.visitors ?? 0,
      memberships,
    })
  }
  return traces
}

function nodeTrace({ path, holds, since, changesAt, facts }: ExplainedNode) {
  return {
    ...{ path, holds, since: isoOrNull(since), changes_at: isoOrNull(changesAt) },
    facts: facts.map((fact) => ({ ...fact, at: iso(fact.at) })),
  }
}

async function pendingOf(db: Kysely<Database>, keys: Parameters<typeof readPending>[1]) {
  const { persons, contacts, failures } = await readPending(db, keys)
  return {
    persons: persons.map((key) => personOf(storedPerson(key))),
    contacts,
    failures: failures.map(({ stage, error, attempts, at }) => ({ stage, error, attempts, at: iso(at) })),
  }
}

const iso = (ms: number) => new Date(ms).toISOString()
const isoOrNull = (ms: number | null) => (ms === null ? null : iso(ms))
