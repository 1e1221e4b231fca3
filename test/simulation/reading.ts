/** Reads the product's attribution of a town from its API, and checks that its answers agree with each other. */
import type { TestServer } from '../support/server.ts'
import type { Happening } from './deeds.ts'
import { inTurns } from './drive.ts'
import type { Town } from './town.ts'

/** The contact that each event is attributed to, by the event's id. */
export type Attribution = Map<string, string>

type Seen = { id: string; visitor: string; link: { strength: string } | null; grade: string | null }

/** The contacts' timelines: whose each event is, and its grade. */
export async function attributed(
  server: TestServer,
  town: Town,
): Promise<{ owners: Attribution; grades: Map<string, string | null> }> {
  const owners: Attribution = new Map()
  const grades = new Map<string, string | null>()
  await inTurns(town.contacts, async ({ id }) => {
    for (const event of await pages<Seen>(server, `/api/v1/contacts/${id}/timeline`)) {
      const other = owners.get(event.id)
      if (other !== undefined) throw new Error(`${event.id} is in the timelines of ${other} and of ${id}`)
      owners.set(event.id, id)
      grades.set(event.id, event.grade)
    }
  })
  return { owners, grades }
}

/**
 * Checks that everything accepted is stored, except for visitors that withdrew everything; that a visitor's timeline
 * agrees with the contacts' timelines on each event; and that the feed holds every contact with an event. Returns the
 * number of stored events.
 */
export async function checkWork(
  server: TestServer,
  { events, stored, owners }: { events: Happening[]; stored: Set<string>; owners: Attribution },
): Promise<number> {
  const forgotten = new Set(events.filter((event) => !event.choice.analytics).map((event) => event.visitor))
  let count = 0
  await inTurns([...Map.groupBy(events, (event) => event.visitor)], async ([visitor, own]) => {
    const expected = own.filter((event) => stored.has(event.id) && !forgotten.has(visitor)).map((event) => event.id)
    if (expected.length === 0) return
    const seen = await pages<Seen>(server, `/api/v1/visitors/${visitor}/timeline`)
    const ids = new Set(seen.map((event) => event.id))
    if (ids.size !== expected.length || expected.some((id) => !ids.has(id))) {
      throw new Error(`of ${expected.length} events of ${visitor}, ${ids.size} are stored`)
    }
    for (const { id, link } of seen) {
      const isOwned = link !== null && link.strength !== 'claimed'
      if (isOwned !== owners.has(id)) throw new Error(`the timelines disagree on ${id} of ${visitor}`)
    }
    count += ids.size
  })
  const matched = new Map<string, string>()
  const feed = await pages<{ change: string; contact: { id: string } }>(server, '/api/v1/matches')
  for (const { change, contact } of feed) matched.set(contact.id, change)
  for (const contact of new Set(owners.values())) {
    const change = matched.get(contact)
    if (change !== 'matched' && change !== 'updated') throw new Error(`${contact} has events and is not in the feed`)
  }
  return count
}

async function pages<T>(server: TestServer, path: string): Promise<T[]> {
  const all: T[] = []
  let after = ''
  for (;;) {
    const page = await server.get<{ data: T[]; next: string | null; has_more: boolean }>(`${path}?limit=1000${after}`)
    all.push(...page.data)
    if (!page.has_more) return all
    after = `&after=${encodeURIComponent(page.next!)}`
  }
}
