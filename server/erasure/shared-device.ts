/**
 * Erases a contact on a device that others used too: removes its periods and leaves a bare logout at both ends of each.
 * The spans are stored (`erased-spans`), so that data in them that lands or is derived later is removed too.
 */
import type { NotNull, Transaction } from 'kysely'
import { cutAt, ERASED_END, isInside } from '../domain/erased-tail.ts'
import { contactPerson, type PersonId, personOf } from '../domain/ids.ts'
import { deleteDeadLetter, insertDeadLetter } from '../store/dead-letters.ts'
import { chunksOf } from '../store/engine/many.ts'
import { insertErasedSpans, removeMoments } from '../store/erased-spans.ts'
import type { ErasedSpan } from '../store/schema/erasure.ts'
import type { Database } from '../store/schema.ts'

type Trx = Transaction<Database>

/** Removes a contact's data from a device that others used too. Returns the spans that journals must forget. */
export async function cutOut(
  trx: Trx,
  visitor: string,
  { contacts, keys }: { contacts: string[]; keys: string[] },
  deps: { tombstone: (visitorId: string) => string; newId: () => string; now: number },
): Promise<ErasedSpan[]> {
  const owners = contacts.map(contactPerson)
  const epochs = await trx
    .selectFrom('epochs')
    .select(['person_id', 'from_at', 'to_at'])
    .where('visitor_id', '=', visitor)
    .execute()
  const events = trx.selectFrom('events').select(['id', 'at']).where('visitor_id', '=', visitor)
  // A user whom the CRM does not know owns no event.
  const ownEvents = owners.length === 0 ? [] : await events.where('person_id', 'in', owners).execute()
  const claims = await trx
    .selectFrom('claims')
    .select(['id', 'at', 'token_hash'])
    .where('visitor_id', '=', visitor)
    .where('key_hash', 'in', keys)
    .execute()
  await removeMoments(trx, visitor, [...new Set([...ownEvents, ...claims].map((row) => row.id))])
  await trx.deleteFrom('claim_keys').where('key_hash', 'in', keys).where('visitor_id', '=', visitor).execute()
  const periods = epochs
    .filter((epoch) => owners.includes(epoch.person_id))
    .map(({ from_at: from, to_at }) => {
      const inside = ownEvents.filter((event) => event.at >= from && event.at < (to_at ?? Number.POSITIVE_INFINITY))
      return { from, to: Math.max(from, ...inside.map((event) => event.at)) }
    })
  // Without the contact the device may no longer count as shared. Logouts at its boundaries keep anonymous visits anonymous.
  const ends = new Set(periods.map(({ to }) => to))
  const others = [...periods.map(({ from }) => from), ...(await boundaries(trx, visitor))]
  const resets = [...new Set([...ends, ...others])].map((at) => {
    return { visitor_id: visitor, id: `${ends.has(at) ? ERASED_END : 'erased-'}${deps.newId()}`, type: 'reset', at }
  })
  for (const part of chunksOf(resets)) await trx.insertInto('aged_moments').values(part).execute()
  const hash = deps.tombstone(visitor)
  const outside = [...ownEvents, ...claims]
    .filter(({ at }) => !isInside(at, periods))
    .map(({ at }) => ({ from: at, to: at }))
  const spans = [...periods, ...outside]
  if (spans.length === 0) return []
  await cutLetters(trx, visitor, spans)
  const kept = cutAt(spans, await timesOfOthers(trx, visitor, owners, spans))
  await insertErasedSpans(
    trx,
    kept.map(({ from, to }) => ({ visitor_hash: hash, from_at: from, to_at: to, erased_at: deps.now })),
  )
  return spans.map(({ from, to }) => ({ visitor: hash, from, to }))
}

/** Removes the contact's events from the device's dead letters. A letter whose events have no readable time goes whole. */
async function cutLetters(trx: Trx, visitor: string, spans: { from: number; to: number }[]): Promise<void> {
  const letters = await trx.selectFrom('dead_letters').selectAll().where('visitor_id', '=', visitor).execute()
  for (const letter of letters) {
    const entry = JSON.parse(letter.body) as { events?: unknown }
    const events: { at?: unknown }[] = Array.isArray(entry.events) ? entry.events : []
    const kept = events.filter((event) => typeof event?.at === 'number' && !isInside(event.at, spans))
    if (kept.length === events.length && events.length > 0) continue
    await deleteDeadLetter(trx, letter)
    if (kept.length > 0) await insertDeadLetter(trx, { ...letter, body: JSON.stringify({ ...entry, events: kept }) })
  }
}

/** The times of other people's events within the spans: orders under their address, and events at a span's very edge. */
async function timesOfOthers(
  trx: Trx,
  visitor: string,
  owners: PersonId[],
  spans: { from: number; to: number }[],
): Promise<number[]> {
  if (owners.length === 0) return []
  const events = await trx
    .selectFrom('events')
    .select(['at', 'person_id'])
    .where('visitor_id', '=', visitor)
    .where('person_id', 'not in', owners)
    .where('at', '>=', Math.min(...spans.map(({ from }) => from)))
    .where('at', '<=', Math.max(...spans.map(({ to }) => to)))
    .$narrowType<{ person_id: NotNull }>()
    .execute()
  const edges = new Set(spans.flatMap(({ from, to }) => [from, to]))
  return events
    .filter(({ at, person_id }) => personOf(person_id).kind === 'contact' || edges.has(at))
    .map(({ at }) => at)
}

/** The boundaries between the epochs of a device; none unless it is known to be shared. */
async function boundaries(trx: Trx, visitor: string): Promise<number[]> {
  const shared = await trx
    .selectFrom('visitors')
    .select('last_seen')
    .where('visitor_id', '=', visitor)
    .where('shared', '=', 1)
    .executeTakeFirst()
  if (!shared) return []
  const epochs = await trx.selectFrom('epochs').select('to_at').where('visitor_id', '=', visitor).execute()
  // A boundary is just before the first event of the next epoch.
  return [...epochs.flatMap((epoch) => (epoch.to_at === null ? [] : [epoch.to_at - 1])), shared.last_seen]
}
