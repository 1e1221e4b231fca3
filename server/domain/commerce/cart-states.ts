/** What becomes of carts: their states, how far a customer has got, and what brought them back. */

/**
 * What becomes of a cart: it is open, an order closed it, or something that was in it was bought after it had been abandoned.
 */
export const CART_STATES = ['open', 'converted', 'recovered'] as const

/** What became of a cart. */
export type CartState = (typeof CART_STATES)[number]

/** Lists of abandoned carts, as they ship, hold a cart for this many days after its last change. */
export const CART_MAX_DAYS = 7

/** How far the customer has got with a cart. */
export const CART_STEPS = ['cart', 'checkout', 'shipping', 'payment'] as const

/** How far the customer has got with a cart. */
export type CartStep = (typeof CART_STEPS)[number]

/** What brought back a cart: a link in a mail, or nothing that was sent. */
export const RECOVERED_BY = ['link', 'anyway'] as const

/** What brought back a cart. */
export type RecoveredBy = (typeof RECOVERED_BY)[number]
