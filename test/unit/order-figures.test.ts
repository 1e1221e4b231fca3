/** What the orders of one person come to: their number, the first and the last, and what was paid in the main currency. */
import { expect, test } from 'vitest'
import { orderFigures } from '../../server/domain/commerce/order-figures.ts'

/** An order in words: its day, and what was paid; `?` is an unknown amount. */
function order(text: string) {
  const [day = '', total = '', currency = ''] = text.split(' ')
  return { at: Number(day), total: total === '?' ? null : Number(total), currency }
}

test.each<[what: string, orders: string[], figures: string]>([
  ['nobody who bought nothing', [], '0 orders'],
  ['one order', ['3 1000 EUR'], '1 order, 3 to 3, 1000 EUR'],
  ['several, in any order of time', ['5 1000 EUR', '2 500 EUR'], '2 orders, 2 to 5, 1500 EUR'],
  ['more in euros than in francs', ['1 10 EUR', '2 20 EUR', '3 9000 CHF'], '3 orders, 1 to 3, 30 EUR'],
  ['as many in each: the one of the latest', ['1 10 EUR', '2 20 CHF'], '2 orders, 1 to 2, 20 CHF'],
  ['as many in each at one time: by the alphabet', ['1 20 EUR', '1 10 CHF'], '2 orders, 1 to 1, 10 CHF'],
  ['an order of an unknown amount', ['1 ? EUR', '2 20 EUR'], '2 orders, 1 to 2, 20 EUR'],
  ['only unknown amounts', ['1 ? EUR', '2 ? XXX'], '2 orders, 1 to 2'],
  ['amounts of an unknown currency', ['1 10 XXX', '2 10 XXX', '3 7 EUR'], '3 orders, 1 to 3, 7 EUR'],
  ['an order that was free', ['1 0 EUR'], '1 order, 1 to 1, 0 EUR'],
])('%s', (_, orders, figures) => {
  const { count, firstAt, lastAt, total, currency } = orderFigures(orders.map(order))
  const times = firstAt === null ? '' : `, ${firstAt} to ${lastAt}`
  const paid = currency === null ? '' : `, ${total} ${currency}`
  expect(`${count} order${count === 1 ? '' : 's'}${times}${paid}`).toBe(figures)
})
