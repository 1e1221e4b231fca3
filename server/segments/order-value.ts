/** Conditions on orders as they are written: in JSON and in words. */
import { z } from 'zod'
import { moneyWords } from './amounts.ts'
import { durationSchema, durationWords } from './duration.ts'
import type { Language, WordContext } from './nodes/node.ts'
import { enumerated } from './phrases.ts'
import { pieceSchema, pieceWords } from './pieces.ts'
import { numberTestSchema, operatorsOf, testSchema, testWords } from './test-value.ts'

/** The schema of a condition on orders. */
export const orderSchema = z.strictObject({
  count: numberTestSchema.optional(),
  total: numberTestSchema.optional(),
  average: numberTestSchema.optional(),
  contains: pieceSchema.optional(),
  channel: testSchema.optional(),
  within: durationSchema.optional(),
  last: z.strictObject({ before: durationSchema }).optional(),
})

/** A condition on orders. */
export type OrderValue = z.infer<typeof orderSchema>

/** A condition on orders in words. */
export function orderWords(value: OrderValue, { language, currency }: WordContext): string {
  const fr = language === 'fr'
  const { count, total, average, contains, channel, within, last } = value
  const which: string[] = []
  if (contains !== undefined) which.push(pieceWords(contains, language))
  if (channel !== undefined) which.push(`${fr ? 'dont le canal' : 'whose channel'} ${testWords(channel, language)}`)
  if (within !== undefined) {
    const time = durationWords(within, language)
    which.push(fr ? `au cours des derniers ${time}` : `in the last ${time}`)
  }
  const money = (amount: unknown) => moneyWords(Number(amount), currency, language)
  const said: string[] = []
  if (total !== undefined) said.push(`${fr ? 'dont le total' : 'whose total'} ${testWords(total, language, money)}`)
  if (average !== undefined) {
    said.push(`${fr ? 'dont le montant moyen' : 'whose average'} ${testWords(average, language, money)}`)
  }
  if (last !== undefined) {
    const time = durationWords(last.before, language)
    said.push(fr ? `dont la dernière remonte à au moins ${time}` : `the last of which is at least ${time} old`)
  }
  return [countWords(count, language), ...which, ...(said.length > 0 ? [enumerated(said, language)] : [])].join(' ')
}

/** How many orders. */
function countWords(count: OrderValue['count'], language: Language): string {
  const fr = language === 'fr'
  if (count === undefined) return fr ? 'ont passé des commandes' : 'have orders'
  const { is, gte, gt, lte, lt, ...others } = operatorsOf(count)
  const known = Object.entries({ is, gte, gt, lte, lt }).filter(([, n]) => n !== undefined)
  const [only] = known
  if (only === undefined || known.length > 1 || Object.keys(others).length > 0) {
    const test = testWords(count, language)
    return fr ? `ont un nombre de commandes qui ${test},` : `have a number of orders that ${test},`
  }
  const [name, n] = only
  if (name === 'is' && n === 0) return fr ? 'n’ont aucune commande' : 'have no orders'
  const orders = fr ? (Number(n) < 2 ? 'commande' : 'commandes') : Number(n) === 1 ? 'order' : 'orders'
  const how: Record<string, string> = fr
    ? { is: 'exactement', gte: 'au moins', gt: 'plus de', lte: 'au plus', lt: 'moins de' }
    : { is: 'exactly', gte: 'at least', gt: 'more than', lte: 'at most', lt: 'fewer than' }
  return `${fr ? 'ont' : 'have'} ${how[name]} ${n} ${orders}`
}
