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

/** What is wrong with the new events of entries. Call it before their facts are inserted. */
export async function findUnread(
  trx: Transaction<Database>,
  entries: Entry[],
  tombstone: (visitorId: string) => string,
): Promise<Noticed[]> {
  const read = entries.filter(({ events }) => events.some(({ type }) => READ.has(type)))
  if (read.length === 0) return []
  // A site's own currency settles signs such as `kr`, and amounts without one.
  const currencies = new Map((await listSites(trx)).map(({ id, settings }) => [id, settings.currency || null]))
  const unread = unreadAmong(read, (site) => currencies.get(site) ?? null)
  if (unread.size === 0) return []
  const known = await knownEvents(
    trx,
    [...unread.values()].map(({ entry, event }) => ({ visitorId: entry.visitor, id: event.id })),
  )
  return [...unread].flatMap(([key, { entry, event, problems }]) => {
    if (known.has(key)) return []
    return problems.map(({ kind, given }) => {
      const example = given === null && kind !== 'item_unreadable' ? null : excerptOf(given)
      return {
        ...{ site: entry.site, door: doorOf(entry), event: event.type, problem: kind, at: entry.received_at },
        ...{ example, of: example === null ? null : tombstone(entry.visitor) },
      }
    })
  })
}

type Unread = { entry: Entry; event: StampedEvent; problems: CommerceProblem[] }

/** The events with problems by visitor and id. */
function unreadAmong(entries: Entry[], homeOf: (site: string) => string | null): Map<string, Unread> {
  const found = new Map<string, Unread>()
  for (const entry of entries) {
    const home = homeOf(entry.site)
    for (const event of entry.events) {
      const { type, props = {} } = event
      // A refund is read as one whatever its name.
      const as = REFUND_TYPES.has(type) ? 'refund' : type
      if (!READ.has(type) || isPlainCommerce(as, props, home)) continue
      const { problems } = readCommerce(as, props, home)
      const key = `${entry.visitor} ${event.id}`
      if (problems.length > 0 && !found.has(key)) found.set(key, { entry, event, problems })
    }
  }
  return found
}

function doorOf({ segment, keyed }: Entry): Door {
  return segment ? 'segment' : keyed ? 'api' : 'tag'
}
