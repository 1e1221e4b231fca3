/** The kinds of facts by name. */
import { closedCarts } from './closed-carts.ts'
import { days } from './days.ts'
import type { FactKind, FactName } from './fact.ts'
import { orders } from './orders.ts'
import { scores } from './scores.ts'
import { visits } from './visits.ts'

/** All kinds of facts. A kind that is declared and missing here does not compile. */
export const FACTS: { [K in FactName]: FactKind<K> } = { days, scores, visits, orders, closed_carts: closedCarts }
