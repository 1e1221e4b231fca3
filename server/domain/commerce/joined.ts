/**
 * The carts of a person over several places, which are devices and epochs: one fold of all their events in order of time,
 * with the person's orders of all channels. An order counts once, when it is first reported, wherever it is reported again.
 */
import { byTimeThenId } from '../event.ts'
import { type Cart, type CartPolicy, type CommerceEvent, foldCarts } from './cart.ts'
import type { Reading } from './read.ts'

/** An event of a person. */
export type PlacedEvent = CommerceEvent & { place: string; site: string }

/**
 * An order of a person: where it was first reported, which is no place and no site if another channel brought it, and what
 * it says.
 */
export type PlacedOrder = { id: string; at: number; place: string; site: string | null; reading: Reading }

/** Folds a person's carts, site by site. The events of purchases are left out: the orders say what was bought. */
export function joinCarts(
  events: PlacedEvent[],
  orders: PlacedOrder[],
  policyOf: (site: string) => CartPolicy,
): (Cart & { site: string })[] {
  const bySite = Map.groupBy(
    events.filter((event) => event.type !== 'purchase'),
    (event) => event.site,
  )
  return [...bySite].flatMap(([site, own]) => {
    const story = [...own, ...orders.flatMap((order) => purchaseOn(site, order) ?? [])].sort(byTimeThenId)
    return foldCarts(story, policyOf(site)).map((cart) => ({ ...cart, site }))
  })
}

/** An order as a purchase on a site. What was bought on another is in question only if it is known by its pieces. */
function purchaseOn(site: string, { id, at, place, site: own, reading }: PlacedOrder): CommerceEvent | null {
  const isElsewhere = own !== null && own !== site
  if (isElsewhere && reading.lines.length === 0) return null
  const said = { ...reading, orderId: id, cartId: isElsewhere ? null : reading.cartId }
  return { id: `order ${id}`, at, type: 'purchase', props: {}, url: null, place, reading: said }
}
