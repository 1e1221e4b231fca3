/**
 * The carts of a person over several places, which are devices and epochs: one fold of all their events in order of time,
 * with the person's orders of all channels. An order counts once, when it is first reported, wherever it is reported again.
 */
import { byTimeThenId } from '../event.ts'
import { type Cart, type CartPolicy, type CommerceEvent, foldCarts } from './cart.ts'
import type { Reading } from './read.ts'

/** An event of a person. */
export type PlacedEvent = CommerceEvent & { place: string; site: string }

/** An order of a person: where it was first reported, which is no place if another channel brought it, and what it says. */
export type PlacedOrder = { id: string; at: number; place: string; reading: Reading }

/** Folds a person's carts, site by site. The events of purchases are left out: the orders say what was bought. */
export function joinCarts(
  events: PlacedEvent[],
  orders: PlacedOrder[],
  policyOf: (site: string) => CartPolicy,
): (Cart & { site: string })[] {
  const purchases = orders.map(({ id, at, place, reading }) => {
    return {
      id: `order ${id}`,
      at,
      type: 'purchase',
      props: {},
      url: null,
      place,
      reading: { ...reading, orderId: id },
    }
  })
  const bySite = Map.groupBy(
    events.filter((event) => event.type !== 'purchase'),
    (event) => event.site,
  )
  return [...bySite].flatMap(([site, own]) => {
    const story = [...own, ...purchases].sort(byTimeThenId)
    return foldCarts(story, policyOf(site)).map((cart) => ({ ...cart, site }))
  })
}
