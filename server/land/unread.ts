/**
 * Finds what could not be read in the commerce events of a batch, where they are new: an event that is landed again, or was
 * sent twice, counts once. Deriving reads the same events again and again, and counts nothing.
 */
import type { Transaction } from 'kysely'
import { CART_TYPES } from '../domain/commerce/cart.ts'
import type { CommerceProblem } from '../domain/commerce/lines.ts'
import { REFUND_TYPES } from '../domain/commerce/order.ts'
import { isPlainCommerce } from '../domain/commerce/plain.ts'
import { readCommerce } from '../domain/commerce/read.ts'
import type { Entry, StampedEvent } from '../domain/event.ts'
import { type Door, excerptOf, type Noticed } from '../domain/quality.ts'
import { knownEvents } from '../store/facts.ts'
import type { Database } from '../store/schema.ts'
import { listSites } from '../store/sites.ts'

/** The events whose lines and amounts are used. */
const READ: ReadonlySet<string> = new Set([...CART_TYPES, ...REFUND_TYPES, 'view_item', 'add_to_wishlist'])

type Unread = { entry: Entry; event: StampedEvent }

/** What is wrong with the new events of entries. Call it before their facts are inserted. */
export async function findUnread(
  trx: Transaction<Database>,
  entries: Entry[],
  tombstone: (visitorId: string) => string,
): Promise<Noticed[]> {
  const suspects = suspectsAmong(entries)
  if (suspects.size === 0) return []
  const known = await knownEvents(
    trx,
    [...suspects.values()].map(({ entry, event }) => ({ visitorId: entry.visitor, id: event.id })),
  )
  const currencies = new Map((await listSites(trx)).map(({ id, settings }) => [id, settings.currency]))
  return [...suspects].flatMap(([key, { entry, event }]) => {
    if (known.has(key)) return []
    // Signs such as `kr` mean the site's own currency.
    const home = currencies.get(entry.site) || null
    return problemsOf(event, home).map(({ kind, given }) => {
      const example = excerptOf(given)
      return {
        ...{ site: entry.site, door: doorOf(entry), event: event.type, problem: kind, at: entry.received_at },
        ...{ example, of: example === null ? null : tombstone(entry.visitor) },
      }
    })
  })
}

/** The events with problems by visitor and id. Most batches have none, so settings are not read for them. */
function suspectsAmong(entries: Entry[]): Map<string, Unread> {
  const found = new Map<string, Unread>()
  for (const entry of entries) {
    for (const event of entry.events) {
      if (!READ.has(event.type) || isPlainCommerce(event.props ?? {})) continue
      const key = `${entry.visitor} ${event.id}`
      if (problemsOf(event, null).length > 0 && !found.has(key)) found.set(key, { entry, event })
    }
  }
  return found
}

function doorOf({ segment, keyed }: Entry): Door {
  return segment ? 'segment' : keyed ? 'api' : 'tag'
}

function problemsOf({ type, props }: StampedEvent, home: string | null): CommerceProblem[] {
  // A refund is read as one whatever its name.
  return readCommerce(REFUND_TYPES.has(type) ? 'refund' : type, props ?? {}, home).problems
}
